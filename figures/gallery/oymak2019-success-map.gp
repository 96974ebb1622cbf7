# Figure oymak2019/success-map (experiments on the phase transition (sizes are ours))
# Data key 4265cdf87f64b4f4505566020cd9148763abca6d80002d71feab8754947f398f
# Claims from the same arrays: none
# Rebuild with: refig run fig:oymak2019/success-map --profile quick
# This file is complete: `TZ=UTC gnuplot success-map.gp` writes the same success-map.svg and success-map.pdf here.
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
set style line 100 lc rgb '#444444' lw 0.6 dt solid
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
10 2 5 15 1 3 1
20 2 15 25 1 3 0
30 2 25 35 1 3 0
40 2 35 45 1 3 0
50 2 45 55 1 3 0
60 2 55 65 1 3 0
70 2 65 75 1 3 0
80 2 75 85 1 3 0
90 2 85 95 1 3 0
100 2 95 105 1 3 0
10 4 5 15 3 5 1
20 4 15 25 3 5 0.8333333333333334
30 4 25 35 3 5 1
40 4 35 45 3 5 0
50 4 45 55 3 5 0
60 4 55 65 3 5 0
70 4 65 75 3 5 0
80 4 75 85 3 5 0
90 4 85 95 3 5 0
100 4 95 105 3 5 0
10 6 5 15 5 7 1
20 6 15 25 5 7 1
30 6 25 35 5 7 1
40 6 35 45 5 7 1
50 6 45 55 5 7 0.16666666666666666
60 6 55 65 5 7 0
70 6 65 75 5 7 0
80 6 75 85 5 7 0
90 6 85 95 5 7 0
100 6 95 105 5 7 0
10 8 5 15 7 9 1
20 8 15 25 7 9 1
30 8 25 35 7 9 1
40 8 35 45 7 9 1
50 8 45 55 7 9 1
60 8 55 65 7 9 0.3333333333333333
70 8 65 75 7 9 0
80 8 75 85 7 9 0
90 8 85 95 7 9 0
100 8 95 105 7 9 0
10 10 5 15 9 11 1
20 10 15 25 9 11 1
30 10 25 35 9 11 1
40 10 35 45 9 11 1
50 10 45 55 9 11 1
60 10 55 65 9 11 1
70 10 65 75 9 11 0.5
80 10 75 85 9 11 0
90 10 85 95 9 11 0
100 10 95 105 9 11 0
EOD
# panel 1, line, table oymak2019/success-map from oymak2019/success-map, studentWidth = 2
$data2 << EOD
# sampleCount countingWidth
10 1
20 2
30 3
40 4
50 5
60 6
70 7
80 8
90 9
100 10
EOD

do for [format in 'svg pdf'] {
if (format eq 'svg') {
set terminal svg size 325,218 fixed font 'DejaVu Sans,7' fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name 'oymak2019_success_map_key_4265cdf87f64b4f4505566020cd9148763abca6d80002d71feab8754947f398f'
} else {
set terminal pdfcairo size 3.38583in,2.27141in font 'DejaVu Sans,7' fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
}
set output 'success-map.'.format
set multiplot
# panel 1
set margins at screen 0.12265, screen 0.80884, screen 0.16204, screen 0.8985
unset label; unset colorbox; unset key
set border 15 ls 100; unset grid
unset logscale x; set xrange [5:105]
set xtics ('20' 20, '40' 40, '60' 60, '80' 80, '100' 100)
unset logscale y; set yrange [1:11]
set ytics ('2' 2, '4' 4, '6' 6, '8' 8, '10' 10)
unset logscale cb; set cbrange [0:1]
set cbtics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set colorbox vertical user origin screen 0.83346, screen 0.16204 size screen 0.02461, screen 0.73646 front noborder
set label 'share fitted' at screen 0.96513, screen 0.53027 center rotate by 90 front font ',7.5'
set label 'samples ​{/:Italic n}' at screen 0.46575, screen 0.04892 center front font ',7.5'
set label 'hidden units ​{/:Italic k}' at screen 0.03077, screen 0.53027 center rotate by 90 front font ',7.5'
plot \
  $data1 using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder notitle, \
  $data2 using 1:2 with lines lt 1  lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data2 using 1:2 with lines lt 1 lc rgb '#000000' notitle
# key
set margins at screen 0, screen 1, screen 0, screen 1
unset border; unset label; unset grid; unset colorbox; unset logscale
set xtics ('' 2); set ytics ('' 2); set xrange [0:1]; set yrange [0:1]
set key at screen 0.37243, screen 0.99389 left top vertical maxrows 1
plot NaN notitle, \
  keyentry with lines lt 1 lc rgb '#000000' title '{/:Italic kd}​ = ​{/:Italic n}'
unset multiplot
unset output
}
# One date for all drawings, so that equal figures have equal bytes.
system "LC_ALL=C sed -i.dated -e 's|/CreationDate (D:[0-9]*Z)|/CreationDate (D:19700101000000Z)|' -e 's|/CreationDate (D:[0-9]*[-+][^)]*)|/CreationDate (D:19700101000000Z)     |' ./success-map.pdf && rm ./success-map.pdf.dated"
