# Figure oymak2019/success-map (experiments on the phase transition (sizes are ours))
# Data key 0a29f47013571379ff9b4a98e511ff02de5117d847ccb6f0ead12d3e65c8e6cc
# Claims from the same arrays: none
# Rebuild with: refig run fig:oymak2019/success-map --profile quick
# This file is complete: `gnuplot success-map.gp` writes success-map.svg and success-map.pdf here.
reset session
set encoding utf8
set minussign

# Common look of all figures. Written into every script, before anything is drawn; changing it redraws all figures.
# Widths and sizes are in points on paper; the scripts scale both terminals to that.
#
# Looks 1 to 8: colour (Okabe and Ito, told apart by colour-blind readers), dash and marker change together, so that
# black-and-white print loses nothing. A line and the points of the same look belong together: theory and simulation.
set linetype 1 lc rgb '#0072b2' lw 1.2 dt solid          pt 7  ps 0.68
set linetype 2 lc rgb '#d55e00' lw 1.2 dt (9,3)          pt 5  ps 0.62
set linetype 3 lc rgb '#009e73' lw 1.2 dt (9,2.5,2,2.5)  pt 13 ps 0.74
set linetype 4 lc rgb '#cc79a7' lw 1.2 dt (4,2.5)        pt 9  ps 0.80
set linetype 5 lc rgb '#e69f00' lw 1.2 dt (9,2,2,2,2,2)  pt 11 ps 0.80
set linetype 6 lc rgb '#56b4e9' lw 1.2 dt (1.5,2)        pt 6  ps 0.68
set linetype 7 lc rgb '#7f5112' lw 1.2 dt (6,2,6,2,2,2)  pt 4  ps 0.62
set linetype 8 lc rgb '#000000' lw 1.2 dt solid          pt 2  ps 0.62
set linetype cycle 8

# Guides to the eye and marked values: grey, thin, never solid.
set style line 11 lc rgb '#555555' lw 0.8 dt (7,3)
set style line 12 lc rgb '#555555' lw 0.8 dt (2,2)
set style line 13 lc rgb '#555555' lw 0.8 dt (7,2.5,2,2.5)

# Axes, ticks and grid: thin and grey.
set style line 100 lc rgb '#444444' lw 0.6
set style line 101 lc rgb '#e6e6e6' lw 0.4 dt solid
set border 3 ls 100
set tics nomirror out scale 0.6,0.3 textcolor rgb '#222222'
set grid back ls 101

set key noautotitle noopaque nobox Left reverse samplen 3.2 spacing 1.1 height 0 width 0
set errorbars small
set pointintervalbox 0.01
set clip two

# Viridis, for heat maps and for families of more than eight values.
set palette defined (0 '#440154', 0.125 '#472d7b', 0.25 '#3b528b', 0.375 '#2c728e', 0.5 '#21918c', 0.625 '#28ae80', \
  0.75 '#5ec962', 0.875 '#addc30', 1 '#fde725')

# panel 1, heatmap, table oymak2019/success-map from oymak2019/success-map
$data1 << EOD
# sampleCount studentWidth left right bottom top success
20 2 10 30 1 3 0.3333333333333333
40 2 30 50 1 3 0
60 2 50 70 1 3 0
80 2 70 90 1 3 0
100 2 90 110 1 3 0
120 2 110 130 1 3 0
140 2 130 150 1 3 0
160 2 150 170 1 3 0
180 2 170 190 1 3 0
200 2 190 210 1 3 0
220 2 210 230 1 3 0
240 2 230 250 1 3 0
20 4 10 30 3 5 1
40 4 30 50 3 5 1
60 4 50 70 3 5 0.6666666666666666
80 4 70 90 3 5 0
100 4 90 110 3 5 0
120 4 110 130 3 5 0
140 4 130 150 3 5 0
160 4 150 170 3 5 0
180 4 170 190 3 5 0
200 4 190 210 3 5 0
220 4 210 230 3 5 0
240 4 230 250 3 5 0
20 6 10 30 5 7 1
40 6 30 50 5 7 1
60 6 50 70 5 7 1
80 6 70 90 5 7 1
100 6 90 110 5 7 0.3333333333333333
120 6 110 130 5 7 0
140 6 130 150 5 7 0
160 6 150 170 5 7 0
180 6 170 190 5 7 0
200 6 190 210 5 7 0
220 6 210 230 5 7 0
240 6 230 250 5 7 0
20 8 10 30 7 9 1
40 8 30 50 7 9 1
60 8 50 70 7 9 1
80 8 70 90 7 9 1
100 8 90 110 7 9 1
120 8 110 130 7 9 1
140 8 130 150 7 9 0
160 8 150 170 7 9 0
180 8 170 190 7 9 0
200 8 190 210 7 9 0
220 8 210 230 7 9 0
240 8 230 250 7 9 0
20 10 10 30 9 11 1
40 10 30 50 9 11 1
60 10 50 70 9 11 1
80 10 70 90 9 11 1
100 10 90 110 9 11 1
120 10 110 130 9 11 1
140 10 130 150 9 11 1
160 10 150 170 9 11 0.3333333333333333
180 10 170 190 9 11 0
200 10 190 210 9 11 0
220 10 210 230 9 11 0
240 10 230 250 9 11 0
20 12 10 30 11 13 1
40 12 30 50 11 13 1
60 12 50 70 11 13 1
80 12 70 90 11 13 1
100 12 90 110 11 13 1
120 12 110 130 11 13 1
140 12 130 150 11 13 1
160 12 150 170 11 13 1
180 12 170 190 11 13 0.6666666666666666
200 12 190 210 11 13 0
220 12 210 230 11 13 0
240 12 230 250 11 13 0
EOD
# panel 1, guide
$data2 << EOD
# x y
10 0.5
250 12.5
EOD
# panel 1, guide
$data3 << EOD
# x y
10 0.5799999999999998
250 14.5
EOD

do for [format in 'svg pdf'] {
if (format eq 'svg') {
set terminal svg size 325,218 fixed font 'DejaVu Sans,7' fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name 'oymak2019_success_map_key_0a29f47013571379ff9b4a98e511ff02de5117d847ccb6f0ead12d3e65c8e6cc'
} else {
set terminal pdfcairo size 3.38583in,2.27141in font 'DejaVu Sans,7' fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
}
set output 'success-map.'.format
set multiplot
# panel 1
set margins at screen 0.12265, screen 0.80884, screen 0.16204, screen 0.8985
unset label; unset colorbox; unset key
set border 15 ls 100; unset grid
unset logscale x; set xrange [10:250]
set xtics ('50' 50, '100' 100, '150' 150, '200' 200, '250' 250)
unset logscale y; set yrange [1:13]
set ytics ('2' 2, '4' 4, '6' 6, '8' 8, '10' 10, '12' 12)
unset logscale cb; set cbrange [0:1]
set cbtics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set colorbox vertical user origin screen 0.83346, screen 0.16204 size screen 0.02461, screen 0.73646 front noborder
set label 'share fitted' at screen 0.96513, screen 0.53027 center rotate by 90 front font ',7.5'
set label 'samples ​{/:Italic n}' at screen 0.46575, screen 0.04892 center front font ',7.5'
set label 'hidden units ​{/:Italic k}' at screen 0.03077, screen 0.53027 center rotate by 90 front font ',7.5'
plot \
  $data1 using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder notitle, \
  $data2 using 1:2 with lines ls 11 lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data2 using 1:2 with lines ls 11 notitle, \
  $data3 using 1:2 with lines ls 12 lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data3 using 1:2 with lines ls 12 notitle
# key
set margins at screen 0, screen 1, screen 0, screen 1
unset border; unset label; unset grid; unset colorbox; unset logscale
set xtics ('' 2); set ytics ('' 2); set xrange [0:1]; set yrange [0:1]
set key at screen 0.20178, screen 0.99389 left top vertical maxrows 1
plot NaN notitle, \
  keyentry with lines ls 11 title '{/:Italic kd}​ = ​{/:Italic n}'
set key at screen 0.45693, screen 0.99389 left top vertical maxrows 1
plot NaN notitle, \
  keyentry with lines ls 12 title '{/:Italic kd}​ = 1.16 ​{/:Italic n}'
unset multiplot
unset output
}
