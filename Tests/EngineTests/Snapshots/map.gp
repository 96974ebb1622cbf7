# Figure toy/map (Fig. 1)
# Data key 3dfbeaa701ec3ef79a94d5db68c37067f3c70d9e66a89492a15ac9eedeb1256d
# Claims from the same arrays: toy/claim
# Rebuild with: make figure-toy/map
# This file is complete: `TZ=UTC gnuplot map.gp` writes the same map.svg and map.pdf here.
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

# panel 1, heatmap, table toy/recovery from success
$data1 << EOD
# width n left right bottom top success
1 6 0.5 1.5 5.5 6.5 7.484622751061123e-05
1 7 0.5 1.5 6.5 7.5 0.00020342697805520653
1 8 0.5 1.5 7.5 8.5 0.0005527786369235996
1 9 0.5 1.5 8.5 9.5 0.0015011822567369917
1 10 0.5 1.5 9.5 10.5 0.004070137715896128
1 11 0.5 1.5 10.5 11.5 0.01098694263059318
1 12 0.5 1.5 11.5 12.5 0.02931223075135632
1 13 0.5 1.5 12.5 13.5 0.07585818002124355
1 14 0.5 1.5 13.5 14.5 0.18242552380635635
1 15 0.5 1.5 14.5 15.5 0.3775406687981454
1 16 0.5 1.5 15.5 16.5 0.6224593312018546
1 17 0.5 1.5 16.5 17.5 0.8175744761936437
1 18 0.5 1.5 17.5 18.5 0.9241418199787566
1 19 0.5 1.5 18.5 19.5 0.9706877692486436
1 20 0.5 1.5 19.5 20.5 0.9890130573694068
1 21 0.5 1.5 20.5 21.5 0.995929862284104
1 22 0.5 1.5 21.5 22.5 0.998498817743263
1 23 0.5 1.5 22.5 23.5 0.9994472213630764
2 12 1.5 2.5 11.5 12.5 7.484622751061123e-05
2 13 1.5 2.5 12.5 13.5 0.00020342697805520653
2 14 1.5 2.5 13.5 14.5 0.0005527786369235996
2 15 1.5 2.5 14.5 15.5 0.0015011822567369917
2 16 1.5 2.5 15.5 16.5 0.004070137715896128
2 17 1.5 2.5 16.5 17.5 0.01098694263059318
2 18 1.5 2.5 17.5 18.5 0.02931223075135632
2 19 1.5 2.5 18.5 19.5 0.07585818002124355
2 20 1.5 2.5 19.5 20.5 0.18242552380635635
2 21 1.5 2.5 20.5 21.5 0.3775406687981454
2 22 1.5 2.5 21.5 22.5 0.6224593312018546
2 23 1.5 2.5 22.5 23.5 0.8175744761936437
2 24 1.5 2.5 23.5 24.5 0.9241418199787566
2 25 1.5 2.5 24.5 25.5 0.9706877692486436
2 26 1.5 2.5 25.5 26.5 0.9890130573694068
2 27 1.5 2.5 26.5 27.5 0.995929862284104
2 28 1.5 2.5 27.5 28.5 0.998498817743263
2 29 1.5 2.5 28.5 29.5 0.9994472213630764
3 17 2.5 3.5 16.5 17.5 7.484622751061123e-05
3 18 2.5 3.5 17.5 18.5 0.00020342697805520653
3 19 2.5 3.5 18.5 19.5 0.0005527786369235996
3 20 2.5 3.5 19.5 20.5 0.0015011822567369917
3 21 2.5 3.5 20.5 21.5 0.004070137715896128
3 22 2.5 3.5 21.5 22.5 0.01098694263059318
3 23 2.5 3.5 22.5 23.5 0.02931223075135632
3 25 2.5 3.5 24.5 25.5 0.18242552380635635
3 26 2.5 3.5 25.5 26.5 0.3775406687981454
3 27 2.5 3.5 26.5 27.5 0.6224593312018546
3 28 2.5 3.5 27.5 28.5 0.8175744761936437
3 29 2.5 3.5 28.5 29.5 0.9241418199787566
3 30 2.5 3.5 29.5 30.5 0.9706877692486436
3 31 2.5 3.5 30.5 31.5 0.9890130573694068
3 32 2.5 3.5 31.5 32.5 0.995929862284104
3 33 2.5 3.5 32.5 33.5 0.998498817743263
3 34 2.5 3.5 33.5 34.5 0.9994472213630764
4 21 3.5 4.5 20.5 21.5 7.484622751061123e-05
4 22 3.5 4.5 21.5 22.5 0.00020342697805520653
4 23 3.5 4.5 22.5 23.5 0.0005527786369235996
4 24 3.5 4.5 23.5 24.5 0.0015011822567369917
4 25 3.5 4.5 24.5 25.5 0.004070137715896128
4 26 3.5 4.5 25.5 26.5 0.01098694263059318
4 27 3.5 4.5 26.5 27.5 0.02931223075135632
4 28 3.5 4.5 27.5 28.5 0.07585818002124355
4 29 3.5 4.5 28.5 29.5 0.18242552380635635
4 30 3.5 4.5 29.5 30.5 0.3775406687981454
4 31 3.5 4.5 30.5 31.5 0.6224593312018546
4 32 3.5 4.5 31.5 32.5 0.8175744761936437
4 33 3.5 4.5 32.5 33.5 0.9241418199787566
4 34 3.5 4.5 33.5 34.5 0.9706877692486436
4 35 3.5 4.5 34.5 35.5 0.9890130573694068
4 36 3.5 4.5 35.5 36.5 0.995929862284104
4 37 3.5 4.5 36.5 37.5 0.998498817743263
4 38 3.5 4.5 37.5 38.5 0.9994472213630764
5 24 4.5 5.5 23.5 24.5 7.484622751061123e-05
5 25 4.5 5.5 24.5 25.5 0.00020342697805520653
5 26 4.5 5.5 25.5 26.5 0.0005527786369235996
5 27 4.5 5.5 26.5 27.5 0.0015011822567369917
5 28 4.5 5.5 27.5 28.5 0.004070137715896128
5 29 4.5 5.5 28.5 29.5 0.01098694263059318
5 30 4.5 5.5 29.5 30.5 0.02931223075135632
5 31 4.5 5.5 30.5 31.5 0.07585818002124355
5 32 4.5 5.5 31.5 32.5 0.18242552380635635
5 33 4.5 5.5 32.5 33.5 0.3775406687981454
5 34 4.5 5.5 33.5 34.5 0.6224593312018546
5 35 4.5 5.5 34.5 35.5 0.8175744761936437
5 36 4.5 5.5 35.5 36.5 0.9241418199787566
5 37 4.5 5.5 36.5 37.5 0.9706877692486436
5 38 4.5 5.5 37.5 38.5 0.9890130573694068
5 39 4.5 5.5 38.5 39.5 0.995929862284104
5 40 4.5 5.5 39.5 40.5 0.998498817743263
5 41 4.5 5.5 40.5 41.5 0.9994472213630764
6 26 5.5 6.5 25 27 7.484622751061123e-05
6 28 5.5 6.5 27 29 0.0005527786369235996
6 30 5.5 6.5 29 31 0.004070137715896128
6 32 5.5 6.5 31 33 0.02931223075135632
6 34 5.5 6.5 33 35 0.18242552380635635
6 36 5.5 6.5 35 37 0.6224593312018546
6 38 5.5 6.5 37 39 0.9241418199787566
6 40 5.5 6.5 39 41 0.9890130573694068
6 42 5.5 6.5 41 43 0.998498817743263
7 27 6.5 7.5 26 28 7.484622751061123e-05
7 29 6.5 7.5 28 30 0.0005527786369235996
7 31 6.5 7.5 30 32 0.004070137715896128
7 33 6.5 7.5 32 34 0.02931223075135632
7 35 6.5 7.5 34 36 0.18242552380635635
7 37 6.5 7.5 36 38 0.6224593312018546
7 39 6.5 7.5 38 40 0.9241418199787566
7 41 6.5 7.5 40 42 0.9890130573694068
7 43 6.5 7.5 42 44 0.998498817743263
8 27 7.5 8.5 26 28 7.484622751061123e-05
8 29 7.5 8.5 28 30 0.0005527786369235996
8 31 7.5 8.5 30 32 0.004070137715896128
8 33 7.5 8.5 32 34 0.02931223075135632
8 35 7.5 8.5 34 36 0.18242552380635635
8 37 7.5 8.5 36 38 0.6224593312018546
8 39 7.5 8.5 38 40 0.9241418199787566
8 41 7.5 8.5 40 42 0.9890130573694068
8 43 7.5 8.5 42 44 0.998498817743263
EOD
# panel 1, line, table toy/threshold from 
$data2 << EOD
# width n
0.5 11.625
1 15
1.5 18.125
2 21
2.5 23.625
3 26
3.5 28.125
4 30
4.5 31.625
5 33
5.5 34.125
6 35
6.5 35.625
7 36
7.5 36
8 36
8.5 36
EOD
# panel 1, line, table toy/threshold from 
$data3 << EOD
# width nSD
0.5 15.625
1 19
1.5 22.125
2 25
2.5 27.625
3 30
3.5 32.125
4 34
4.5 35.625
5 37
5.5 38.125
6 39
6.5 39.625
7 40
7.5 40
8 40
8.5 40
EOD
# panel 1, points, table toy/half from success
$data4 << EOD
# width n50 low high
1 15.2039021328 13.8 16
2 21.0078042656 19.8 22
3 25.8117063984 24.8 27
4 29.6156085312 28.8 31
5 33.219510664 31.8 34
6 35.0234127968 33.8 36
7 35.8273149296 34.8 37
8 35.6312170624 34.8 37
EOD

do for [format in 'svg pdf'] {
if (format eq 'svg') {
set terminal svg size 325,265 fixed font 'DejaVu Sans,7' fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name 'toy_map_key_3dfbeaa701ec3ef79a94d5db68c37067f3c70d9e66a89492a15ac9eedeb1256d'
} else {
set terminal pdfcairo size 3.38583in,2.75591in font 'DejaVu Sans,7' fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
}
set output 'map.'.format
set multiplot
# panel 1
set margins at screen 0.12265, screen 0.80884, screen 0.13355, screen 0.873
unset label; unset colorbox; unset key
set border 15 ls 100; unset grid
unset logscale x; set xrange [0.5:8.5]
set xtics ('1' 1, '2' 2, '3' 3, '4' 4, '5' 5, '6' 6, '7' 7, '8' 8)
unset logscale y; set yrange [5.5:44]
set ytics ('10' 10, '15' 15, '20' 20, '25' 25, '30' 30, '35' 35, '40' 40)
unset logscale cb; set cbrange [0:1]
set cbtics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set colorbox vertical user origin screen 0.83346, screen 0.13355 size screen 0.02461, screen 0.73945 front noborder
set label 'fraction of successful runs' at screen 0.96513, screen 0.50328 center rotate by 90 front font ',7.5'
set label 'teacher width ​{/:Italic m}^∗' at screen 0.46575, screen 0.04032 center front font ',7.5'
set label 'number of samples ​{/:Italic n}' at screen 0.03077, screen 0.50328 center rotate by 90 front font ',7.5'
plot \
  $data1 using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder notitle, \
  $data2 using 1:2 with lines lt 1  lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data2 using 1:2 with lines lt 1 lc rgb '#000000' notitle, \
  $data3 using 1:2 with lines lt 2  lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data3 using 1:2 with lines lt 2 lc rgb '#000000' notitle, \
  $data4 using 1:2:3:4 with yerrorbars lt 3  lc rgb '#ffffff' lw 2.4 dt solid notitle, \
  $data4 using 1:2:3:4 with yerrorbars lt 3 lc rgb '#000000' lw 0.7 dt solid notitle
# key
set margins at screen 0, screen 1, screen 0, screen 1
unset border; unset label; unset grid; unset colorbox; unset logscale
set xtics ('' 2); set ytics ('' 2); set xrange [0:1]; set yrange [0:1]
set key at screen 0.02949, screen 0.99496 left top vertical maxrows 2
plot NaN notitle, \
  keyentry with lines lt 1 lc rgb '#000000' title 'theory, ​{/:Italic n}_c', \
  keyentry with lines lt 2 lc rgb '#000000' title 'theory, gradient flow'
set key at screen 0.54307, screen 0.99496 left top vertical maxrows 1
plot NaN notitle, \
  keyentry with points lt 3 lc rgb '#000000' title 'half of the runs'
unset multiplot
unset output
}
# One date for all drawings, so that equal figures have equal bytes.
system "LC_ALL=C sed -i.dated -e 's|/CreationDate (D:[0-9]*Z)|/CreationDate (D:19700101000000Z)|' -e 's|/CreationDate (D:[0-9]*[-+][^)]*)|/CreationDate (D:19700101000000Z)     |' ./map.pdf && rm ./map.pdf.dated"
