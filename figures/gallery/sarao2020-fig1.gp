# Figure sarao2020/fig1 (Fig. 1 of the paper, as a review describes it)
# Data key 729feb60902771c5317370e6b17e0941992a7ebfa44252efeae3721de7ec2292
# Claims from the same arrays: sarao2020/S1, sarao2020/S16f, sarao2020/S17a, sarao2020/S17c
# Rebuild with: refig run fig:sarao2020/fig1 --profile quick
# This file is complete: `TZ=UTC gnuplot fig1.gp` writes the same fig1.svg and fig1.pdf here.
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

# panel 1, heatmap, table sarao2020/recovery from sarao2020/recovery-map
$data1 << EOD
# teacherWidth sampleCount left right bottom top decidedProbability
1 8 0.5 1.5 7.5 8.5 0
1 9 0.5 1.5 8.5 9.5 0
1 10 0.5 1.5 9.5 10.5 0
1 11 0.5 1.5 10.5 11.5 0
1 12 0.5 1.5 11.5 12.5 0.2
1 13 0.5 1.5 12.5 13.5 0.25
1 14 0.5 1.5 13.5 14.5 0.45454545454545453
1 15 0.5 1.5 14.5 15.5 0.5833333333333334
1 16 0.5 1.5 15.5 16.5 0.9090909090909091
1 17 0.5 1.5 16.5 17.5 0.9166666666666666
1 18 0.5 1.5 17.5 18.5 0.9166666666666666
1 19 0.5 1.5 18.5 19.5 1
1 20 0.5 1.5 19.5 20.5 1
1 21 0.5 1.5 20.5 21.5 1
1 22 0.5 1.5 21.5 22.5 1
1 23 0.5 1.5 22.5 23.5 1
1 24 0.5 1.5 23.5 24.5 1
1 25 0.5 1.5 24.5 25.5 1
1 26 0.5 1.5 25.5 26.5 1
1 27 0.5 1.5 26.5 27.5 1
1 28 0.5 1.5 27.5 28.5 1
1 29 0.5 1.5 28.5 29.5 1
1 30 0.5 1.5 29.5 30.5 1
1 31 0.5 1.5 30.5 31.5 1
1 32 0.5 1.5 31.5 32.5 1
1 33 0.5 1.5 32.5 33.5 1
1 34 0.5 1.5 33.5 34.5 1
1 35 0.5 1.5 34.5 35.5 1
1 36 0.5 1.5 35.5 36.5 1
1 37 0.5 1.5 36.5 37.5 1
2 8 1.5 2.5 7.5 8.5 0
2 9 1.5 2.5 8.5 9.5 0
2 10 1.5 2.5 9.5 10.5 0
2 11 1.5 2.5 10.5 11.5 0
2 12 1.5 2.5 11.5 12.5 0
2 13 1.5 2.5 12.5 13.5 0
2 14 1.5 2.5 13.5 14.5 0
2 15 1.5 2.5 14.5 15.5 0
2 16 1.5 2.5 15.5 16.5 0
2 17 1.5 2.5 16.5 17.5 0
2 18 1.5 2.5 17.5 18.5 0.08333333333333333
2 19 1.5 2.5 18.5 19.5 0.08333333333333333
2 20 1.5 2.5 19.5 20.5 0.09090909090909091
2 21 1.5 2.5 20.5 21.5 0.5454545454545454
2 22 1.5 2.5 21.5 22.5 0.7272727272727273
2 23 1.5 2.5 22.5 23.5 0.75
2 24 1.5 2.5 23.5 24.5 0.9166666666666666
2 25 1.5 2.5 24.5 25.5 1
2 26 1.5 2.5 25.5 26.5 0.9166666666666666
2 27 1.5 2.5 26.5 27.5 1
2 28 1.5 2.5 27.5 28.5 1
2 29 1.5 2.5 28.5 29.5 1
2 30 1.5 2.5 29.5 30.5 1
2 31 1.5 2.5 30.5 31.5 1
2 32 1.5 2.5 31.5 32.5 1
2 33 1.5 2.5 32.5 33.5 1
2 34 1.5 2.5 33.5 34.5 1
2 35 1.5 2.5 34.5 35.5 1
2 36 1.5 2.5 35.5 36.5 1
2 37 1.5 2.5 36.5 37.5 1
3 8 2.5 3.5 7.5 8.5 0
3 9 2.5 3.5 8.5 9.5 0
3 10 2.5 3.5 9.5 10.5 0
3 11 2.5 3.5 10.5 11.5 0
3 12 2.5 3.5 11.5 12.5 0
3 13 2.5 3.5 12.5 13.5 0
3 14 2.5 3.5 13.5 14.5 0
3 15 2.5 3.5 14.5 15.5 0
3 16 2.5 3.5 15.5 16.5 0
3 17 2.5 3.5 16.5 17.5 0
3 18 2.5 3.5 17.5 18.5 0
3 19 2.5 3.5 18.5 19.5 0
3 20 2.5 3.5 19.5 20.5 0
3 21 2.5 3.5 20.5 21.5 0
3 22 2.5 3.5 21.5 22.5 0
3 23 2.5 3.5 22.5 23.5 0
3 24 2.5 3.5 23.5 24.5 0
3 25 2.5 3.5 24.5 25.5 0.25
3 26 2.5 3.5 25.5 26.5 0.2727272727272727
3 27 2.5 3.5 26.5 27.5 0.6666666666666666
3 28 2.5 3.5 27.5 28.5 0.5833333333333334
3 29 2.5 3.5 28.5 29.5 0.9166666666666666
3 30 2.5 3.5 29.5 30.5 1
3 31 2.5 3.5 30.5 31.5 1
3 32 2.5 3.5 31.5 32.5 1
3 33 2.5 3.5 32.5 33.5 1
3 34 2.5 3.5 33.5 34.5 1
3 35 2.5 3.5 34.5 35.5 1
3 36 2.5 3.5 35.5 36.5 1
3 37 2.5 3.5 36.5 37.5 1
4 8 3.5 4.5 7.5 8.5 0
4 9 3.5 4.5 8.5 9.5 0
4 10 3.5 4.5 9.5 10.5 0
4 11 3.5 4.5 10.5 11.5 0
4 12 3.5 4.5 11.5 12.5 0
4 13 3.5 4.5 12.5 13.5 0
4 14 3.5 4.5 13.5 14.5 0
4 15 3.5 4.5 14.5 15.5 0
4 16 3.5 4.5 15.5 16.5 0
4 17 3.5 4.5 16.5 17.5 0
4 18 3.5 4.5 17.5 18.5 0
4 19 3.5 4.5 18.5 19.5 0
4 20 3.5 4.5 19.5 20.5 0
4 21 3.5 4.5 20.5 21.5 0
4 22 3.5 4.5 21.5 22.5 0
4 23 3.5 4.5 22.5 23.5 0
4 24 3.5 4.5 23.5 24.5 0
4 25 3.5 4.5 24.5 25.5 0
4 26 3.5 4.5 25.5 26.5 0
4 27 3.5 4.5 26.5 27.5 0
4 28 3.5 4.5 27.5 28.5 0
4 29 3.5 4.5 28.5 29.5 0.08333333333333333
4 30 3.5 4.5 29.5 30.5 0.4444444444444444
4 31 3.5 4.5 30.5 31.5 0.75
4 32 3.5 4.5 31.5 32.5 0.9090909090909091
4 33 3.5 4.5 32.5 33.5 1
4 34 3.5 4.5 33.5 34.5 1
4 35 3.5 4.5 34.5 35.5 1
4 36 3.5 4.5 35.5 36.5 1
4 37 3.5 4.5 36.5 37.5 1
5 8 4.5 5.5 7.5 8.5 0
5 9 4.5 5.5 8.5 9.5 0
5 10 4.5 5.5 9.5 10.5 0
5 11 4.5 5.5 10.5 11.5 0
5 12 4.5 5.5 11.5 12.5 0
5 13 4.5 5.5 12.5 13.5 0
5 14 4.5 5.5 13.5 14.5 0
5 15 4.5 5.5 14.5 15.5 0
5 16 4.5 5.5 15.5 16.5 0
5 17 4.5 5.5 16.5 17.5 0
5 18 4.5 5.5 17.5 18.5 0
5 19 4.5 5.5 18.5 19.5 0
5 20 4.5 5.5 19.5 20.5 0
5 21 4.5 5.5 20.5 21.5 0
5 22 4.5 5.5 21.5 22.5 0
5 23 4.5 5.5 22.5 23.5 0
5 24 4.5 5.5 23.5 24.5 0
5 25 4.5 5.5 24.5 25.5 0
5 26 4.5 5.5 25.5 26.5 0
5 27 4.5 5.5 26.5 27.5 0
5 28 4.5 5.5 27.5 28.5 0
5 29 4.5 5.5 28.5 29.5 0
5 30 4.5 5.5 29.5 30.5 0
5 31 4.5 5.5 30.5 31.5 0.08333333333333333
5 32 4.5 5.5 31.5 32.5 0.3333333333333333
5 33 4.5 5.5 32.5 33.5 0.7272727272727273
5 34 4.5 5.5 33.5 34.5 0.8181818181818182
5 35 4.5 5.5 34.5 35.5 0.9090909090909091
5 36 4.5 5.5 35.5 36.5 1
5 37 4.5 5.5 36.5 37.5 1
6 8 5.5 6.5 7.5 8.5 0
6 9 5.5 6.5 8.5 9.5 0
6 10 5.5 6.5 9.5 10.5 0
6 11 5.5 6.5 10.5 11.5 0
6 12 5.5 6.5 11.5 12.5 0
6 13 5.5 6.5 12.5 13.5 0
6 14 5.5 6.5 13.5 14.5 0
6 15 5.5 6.5 14.5 15.5 0
6 16 5.5 6.5 15.5 16.5 0
6 17 5.5 6.5 16.5 17.5 0
6 18 5.5 6.5 17.5 18.5 0
6 19 5.5 6.5 18.5 19.5 0
6 20 5.5 6.5 19.5 20.5 0
6 21 5.5 6.5 20.5 21.5 0
6 22 5.5 6.5 21.5 22.5 0
6 23 5.5 6.5 22.5 23.5 0
6 24 5.5 6.5 23.5 24.5 0
6 25 5.5 6.5 24.5 25.5 0
6 26 5.5 6.5 25.5 26.5 0
6 27 5.5 6.5 26.5 27.5 0
6 28 5.5 6.5 27.5 28.5 0
6 29 5.5 6.5 28.5 29.5 0
6 30 5.5 6.5 29.5 30.5 0
6 31 5.5 6.5 30.5 31.5 0
6 32 5.5 6.5 31.5 32.5 0
6 33 5.5 6.5 32.5 33.5 0
6 34 5.5 6.5 33.5 34.5 0.36363636363636365
6 35 5.5 6.5 34.5 35.5 0.9090909090909091
6 36 5.5 6.5 35.5 36.5 1
6 37 5.5 6.5 36.5 37.5 1
7 8 6.5 7.5 7.5 8.5 0
7 9 6.5 7.5 8.5 9.5 0
7 10 6.5 7.5 9.5 10.5 0
7 11 6.5 7.5 10.5 11.5 0
7 12 6.5 7.5 11.5 12.5 0
7 13 6.5 7.5 12.5 13.5 0
7 14 6.5 7.5 13.5 14.5 0
7 15 6.5 7.5 14.5 15.5 0
7 16 6.5 7.5 15.5 16.5 0
7 17 6.5 7.5 16.5 17.5 0
7 18 6.5 7.5 17.5 18.5 0
7 19 6.5 7.5 18.5 19.5 0
7 20 6.5 7.5 19.5 20.5 0
7 21 6.5 7.5 20.5 21.5 0
7 22 6.5 7.5 21.5 22.5 0
7 23 6.5 7.5 22.5 23.5 0
7 24 6.5 7.5 23.5 24.5 0
7 25 6.5 7.5 24.5 25.5 0
7 26 6.5 7.5 25.5 26.5 0
7 27 6.5 7.5 26.5 27.5 0
7 28 6.5 7.5 27.5 28.5 0
7 29 6.5 7.5 28.5 29.5 0
7 30 6.5 7.5 29.5 30.5 0
7 31 6.5 7.5 30.5 31.5 0
7 32 6.5 7.5 31.5 32.5 0
7 33 6.5 7.5 32.5 33.5 0
7 34 6.5 7.5 33.5 34.5 0
7 35 6.5 7.5 34.5 35.5 0.16666666666666666
7 36 6.5 7.5 35.5 36.5 1
7 37 6.5 7.5 36.5 37.5 1
8 8 7.5 8.5 7.5 8.5 0
8 9 7.5 8.5 8.5 9.5 0
8 10 7.5 8.5 9.5 10.5 0
8 11 7.5 8.5 10.5 11.5 0
8 12 7.5 8.5 11.5 12.5 0
8 13 7.5 8.5 12.5 13.5 0
8 14 7.5 8.5 13.5 14.5 0
8 15 7.5 8.5 14.5 15.5 0
8 16 7.5 8.5 15.5 16.5 0
8 17 7.5 8.5 16.5 17.5 0
8 18 7.5 8.5 17.5 18.5 0
8 19 7.5 8.5 18.5 19.5 0
8 20 7.5 8.5 19.5 20.5 0
8 21 7.5 8.5 20.5 21.5 0
8 22 7.5 8.5 21.5 22.5 0
8 23 7.5 8.5 22.5 23.5 0
8 24 7.5 8.5 23.5 24.5 0
8 25 7.5 8.5 24.5 25.5 0
8 26 7.5 8.5 25.5 26.5 0
8 27 7.5 8.5 26.5 27.5 0
8 28 7.5 8.5 27.5 28.5 0
8 29 7.5 8.5 28.5 29.5 0
8 30 7.5 8.5 29.5 30.5 0
8 31 7.5 8.5 30.5 31.5 0
8 32 7.5 8.5 31.5 32.5 0
8 33 7.5 8.5 32.5 33.5 0
8 34 7.5 8.5 33.5 34.5 0
8 35 7.5 8.5 34.5 35.5 0
8 36 7.5 8.5 35.5 36.5 1
8 37 7.5 8.5 36.5 37.5 1
EOD
# panel 1, line, table sarao2020/counting-formula from sarao2020/uniqueness
$data2 << EOD
# teacherWidth threshold
1 15
2 21
3 26
4 30
5 33
6 35
7 36
8 36
EOD
# panel 1, line, table sarao2020/conic-thresholds from sarao2020/conic-threshold, inputDimension = 8
$data3 << EOD
# teacherWidth threshold
1 13.13402018849782
2 20.709331871076728
3 25.97157906644109
4 29.756762995729076
5 32.52101724518455
6 34.367733871334416
EOD
# panel 1, points, table sarao2020/thresholds from sarao2020/uniqueness
$data4 << EOD
# teacherWidth threshold threshold-standardError threshold+standardError
1 14.03556752051127 13.980322688012773 14.090812353009767
2 21.2042963006669 21.1502488423499 21.2583437589839
3 26.161863529515387 26.109604121329273 26.2141229377015
4 29.92187067491626 29.873899386647913 29.969841963184606
5 32.63399715622246 32.59192460647234 32.67606970597259
6 34.344627460107446 34.30624973440692 34.383005185807974
7 35.5 35.5 35.5
8 35.5 35.5 35.5
EOD

do for [format in 'svg pdf'] {
if (format eq 'svg') {
set terminal svg size 325,230 fixed font 'DejaVu Sans,7' fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name 'sarao2020_fig1_key_729feb60902771c5317370e6b17e0941992a7ebfa44252efeae3721de7ec2292'
} else {
set terminal pdfcairo size 3.38583in,2.39085in font 'DejaVu Sans,7' fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
}
set output 'fig1.'.format
set multiplot
# panel 1
set margins at screen 0.12265, screen 0.80884, screen 0.15394, screen 0.85361
unset label; unset colorbox; unset key
set border 15 ls 100; unset grid
unset logscale x; set xrange [0.5:8.5]
set xtics ('1' 1, '2' 2, '3' 3, '4' 4, '5' 5, '6' 6, '7' 7, '8' 8)
unset logscale y; set yrange [7.5:37.5]
set ytics ('10' 10, '15' 15, '20' 20, '25' 25, '30' 30, '35' 35)
unset logscale cb; set cbrange [0:1]
set cbtics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set colorbox vertical user origin screen 0.83346, screen 0.15394 size screen 0.02461, screen 0.69967 front noborder
set label 'share recovered' at screen 0.96513, screen 0.50378 center rotate by 90 front font ',7.5'
set label 'teacher width ​{/:Italic m}*' at screen 0.46575, screen 0.04647 center front font ',7.5'
set label 'number of samples ​{/:Italic n}' at screen 0.03077, screen 0.50378 center rotate by 90 front font ',7.5'
plot \
  $data1 using 1:2:3:4:5:6:7 with boxxyerror lc palette fs solid 1 noborder notitle, \
  $data2 using 1:2 with lines lt 1  lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data2 using 1:2 with lines lt 1 lc rgb '#000000' notitle, \
  $data3 using 1:2 with lines lt 2  lc rgb '#ffffff' lw 2.6 dt solid notitle, \
  $data3 using 1:2 with lines lt 2 lc rgb '#000000' notitle, \
  $data4 using 1:2:3:4 with yerrorbars lt 5  lc rgb '#ffffff' lw 2.4 dt solid notitle, \
  $data4 using 1:2:3:4 with yerrorbars lt 5 lc rgb '#000000' lw 0.7 dt solid notitle
# key
set margins at screen 0, screen 1, screen 0, screen 1
unset border; unset label; unset grid; unset colorbox; unset logscale
set xtics ('' 2); set ytics ('' 2); set xrange [0:1]; set yrange [0:1]
set key at screen 0.08118, screen 0.99419 left top vertical maxrows 2
plot NaN notitle, \
  keyentry with lines lt 1 lc rgb '#000000' title 'counting formula ​{/:Italic n}_{c}', \
  keyentry with lines lt 2 lc rgb '#000000' title 'conic ​{/:Italic n}_{SD}'
set key at screen 0.5603, screen 0.99419 left top vertical maxrows 1
plot NaN notitle, \
  keyentry with points lt 5 lc rgb '#000000' title 'measured ​{/:Italic n}_{50}'
unset multiplot
unset output
}
# One date for all drawings, so that equal figures have equal bytes.
system "LC_ALL=C sed -i.dated -e 's|/CreationDate (D:[0-9]*Z)|/CreationDate (D:19700101000000Z)|' -e 's|/CreationDate (D:[0-9]*[-+][^)]*)|/CreationDate (D:19700101000000Z)     |' ./fig1.pdf && rm ./fig1.pdf.dated"
