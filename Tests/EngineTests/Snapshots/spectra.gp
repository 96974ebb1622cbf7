# Figure toy/spectra (Fig. 4)
# Data key 782a203e271ac82c487ad8c55712d978ac343a6e4465a9d9cea901a0b99ffe25
# Claims from the same arrays: toy/claim
# Rebuild with: make figure-toy/spectra
# This file is complete: `TZ=UTC gnuplot spectra.gp` writes the same spectra.svg and spectra.pdf here.
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

# panel 1, histogram, table toy/spectrum from one, alpha = 0.25
$data1 << EOD
# left density
-6.938893903907228e-18 0
0.1 0
0.2 0
0.30000000000000004 0.20932094220696695
0.4 0.3300930121464493
0.5 0.4976161993588157
0.6000000000000001 0.538045543153268
0.7000000000000002 0.5542833418458035
0.8 0.5530669500795234
0.9000000000000001 0.6941735156225138
1 0.6733502741257611
1.1 0.6421986534998142
1.2000000000000002 0.6025501633328256
1.3000000000000003 0.7156212022197997
1.4000000000000001 0.6590628014118954
1.5 0.5954748561830437
1.6 0.5253681713212756
1.7000000000000002 0.5769832168240544
1.8000000000000003 0.476708920144126
1.9000000000000001 0.3590320716110909
2 0.20042483186032406
2.0999999999999996 0
2.2 0
2.3 0
2.4000000000000004 0
EOD
# panel 1, line, table toy/spectrum-theory from , alpha = 0.25
$data2 << EOD
# eigenvalue density
0.3 0
0.35 0.22185299186623558
0.4 0.30923292192132457
0.45 0.3731202889149825
0.5 0.42426406871192857
0.55 0.4668712349245775
0.6000000000000001 0.5031152949374528
0.65 0.5342927568290629
0.7 0.5612486080160912
0.75 0.584567147554496
0.8 0.6046693311223913
0.8500000000000001 0.6218671481916375
0.9000000000000001 0.6363961030678928
0.95 0.6484356174671468
1 0.6581223290544091
1.05 0.6655589755987068
1.1 0.6708203932499369
1.1500000000000001 0.6739575283354287
1.2 0.675
1.25 0.6739575283354287
1.3 0.6708203932499369
1.35 0.6655589755987068
1.4000000000000001 0.6581223290544091
1.4500000000000002 0.6484356174671468
1.5000000000000002 0.6363961030678927
1.55 0.6218671481916375
1.6 0.6046693311223913
1.6500000000000001 0.584567147554496
1.7000000000000002 0.5612486080160912
1.7500000000000002 0.5342927568290626
1.8 0.5031152949374527
1.85 0.46687123492457744
1.9000000000000001 0.4242640687119285
1.9500000000000002 0.3731202889149824
2 0.3092329219213247
2.05 0.2218529918662362
2.1 0
EOD
# panel 1, impulses, table toy/atoms from one, alpha = 0.25
$data3 << EOD
# eigenvalue weight
0 0.55
EOD
# panel 2, histogram, table toy/spectrum from one, alpha = 0.4
$data4 << EOD
# left density
-6.938893903907228e-18 0
0.1 0
0.2 0
0.30000000000000004 0.25118513064836034
0.4 0.39611161457573923
0.5 0.5971394392305789
0.6000000000000001 0.6456546517839216
0.7000000000000002 0.6651400102149642
0.8 0.6636803400954282
0.9000000000000001 0.8330082187470166
1 0.8080203289509132
1.1 0.7706383841997769
1.2000000000000002 0.7230601959993906
1.3000000000000003 0.8587454426637597
1.4000000000000001 0.7908753616942745
1.5 0.7145698274196525
1.6 0.6304418055855309
1.7000000000000002 0.6923798601888653
1.8000000000000003 0.5720507041729512
1.9000000000000001 0.43083848593330915
2 0.24050979823238888
2.0999999999999996 0
2.2 0
2.3 0
2.4000000000000004 0
EOD
# panel 2, line, table toy/spectrum-theory from , alpha = 0.4
$data5 << EOD
# eigenvalue density
0.3 0
0.35 0.2662235902394827
0.4 0.3710795063055895
0.45 0.447744346697979
0.5 0.5091168824543143
0.55 0.5602454819094931
0.6000000000000001 0.6037383539249433
0.65 0.6411513081948754
0.7 0.6734983296193096
0.75 0.7014805770653953
0.8 0.7256031973468695
0.8500000000000001 0.746240577829965
0.9000000000000001 0.7636753236814714
0.95 0.7781227409605762
1 0.789746794865291
1.05 0.7986707707184482
1.1 0.8049844718999243
1.1500000000000001 0.8087490340025143
1.2 0.81
1.25 0.8087490340025143
1.3 0.8049844718999243
1.35 0.7986707707184482
1.4000000000000001 0.789746794865291
1.4500000000000002 0.7781227409605762
1.5000000000000002 0.7636753236814713
1.55 0.746240577829965
1.6 0.7256031973468695
1.6500000000000001 0.7014805770653953
1.7000000000000002 0.6734983296193094
1.7500000000000002 0.6411513081948752
1.8 0.6037383539249432
1.85 0.560245481909493
1.9000000000000001 0.5091168824543142
1.9500000000000002 0.4477443466979789
2 0.3710795063055896
2.05 0.26622359023948344
2.1 0
EOD
# panel 2, impulses, table toy/atoms from one, alpha = 0.4
$data6 << EOD
# eigenvalue weight
0.02 0.45
EOD
# panel 3, steps, table toy/empirical from one
$data7 << EOD
# eigenvalue fraction
0 0
0.2 0.1111111111111111
0.4 0.2222222222222222
0.6000000000000001 0.3333333333333333
0.8 0.4444444444444444
1 0.5555555555555556
1.2000000000000002 0.6666666666666666
1.4000000000000001 0.7777777777777778
1.6 0.8888888888888888
1.8 1
EOD
# panel 3, horizontal
$data8 << EOD
# x y
0 0.5
1.8 0.5

EOD

do for [format in 'svg pdf'] {
if (format eq 'svg') {
set terminal svg size 650,208 fixed font 'DejaVu Sans,7' fontscale 1.3333 linewidth 1.3333 background '#ffffff' butt name 'toy_spectra_key_782a203e271ac82c487ad8c55712d978ac343a6e4465a9d9cea901a0b99ffe25'
} else {
set terminal pdfcairo size 6.77165in,2.16535in font 'DejaVu Sans,7' fontscale 0.75 linewidth 2 pointscale 0.62 dashlength 2 background '#ffffff' butt
}
set output 'spectra.'.format
set multiplot
# panel 1
set margins at screen 0.06994, screen 0.33074, screen 0.16997, screen 0.9102
unset label; unset colorbox; set key inside top right vertical maxrows auto
set border 3 ls 100; set grid back ls 101
unset logscale x; set xrange [-0.1:2.5]
set xtics ('0' 0, '0.5' 0.5, '1' 1, '1.5' 1.5, '2' 2, '2.5' 2.5)
unset logscale y; set yrange [0:1.05]
set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set label '{/:Bold (a)}​ ' at screen 0.06994, screen 0.9551 left front font ',7.5'
set label 'eigenvalue' at screen 0.20034, screen 0.05131 center front font ',7.5'
set label 'spectral density' at screen 0.01538, screen 0.54009 center rotate by 90 front font ',7.5'
plot \
  $data1 using 1:2 with fillsteps lt 1 fs transparent solid 0.22 noborder notitle, \
  $data1 using 1:2 with steps lt 1 notitle, \
  $data2 using 1:2 with lines lt 2 notitle, \
  $data3 using 1:2 with impulses lt 8 dt solid notitle, \
  $data3 using 1:2 with points lt 8 notitle, \
  keyentry with lines lt 2 title '{/:Italic α}​ = 0.25'
# panel 2
set margins at screen 0.36622, screen 0.62701, screen 0.16997, screen 0.9102
unset label; unset colorbox; set key inside top right vertical maxrows auto
set border 3 ls 100; set grid back ls 101
unset logscale x; set xrange [-0.1:2.5]
set xtics ('0' 0, '0.5' 0.5, '1' 1, '1.5' 1.5, '2' 2, '2.5' 2.5)
unset logscale y; set yrange [0:1.05]
set ytics ('' 0, '' 0.2, '' 0.4, '' 0.6, '' 0.8, '' 1)
set label '{/:Bold (b)}​ ' at screen 0.36622, screen 0.9551 left front font ',7.5'
set label 'eigenvalue' at screen 0.49662, screen 0.05131 center front font ',7.5'
plot \
  $data4 using 1:2 with fillsteps lt 1 fs transparent solid 0.22 noborder notitle, \
  $data4 using 1:2 with steps lt 1 notitle, \
  $data5 using 1:2 with lines lt 2 notitle, \
  $data6 using 1:2 with impulses lt 8 dt solid notitle, \
  $data6 using 1:2 with points lt 8 notitle, \
  keyentry with lines lt 2 title '{/:Italic α}​ = 0.4'
# panel 3
set margins at screen 0.72218, screen 0.98298, screen 0.16997, screen 0.9102
unset label; unset colorbox; set key inside bottom right vertical maxrows auto
set border 3 ls 100; set grid back ls 101
unset logscale x; set xrange [0:1.8]
set xtics ('0' 0, '0.5' 0.5, '1' 1, '1.5' 1.5)
unset logscale y; set yrange [-0.05:1.05]
set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set label '{/:Bold (c)}​ ' at screen 0.72218, screen 0.9551 left front font ',7.5'
set label 'eigenvalue' at screen 0.85258, screen 0.05131 center front font ',7.5'
set label 'fraction below' at screen 0.66762, screen 0.54009 center rotate by 90 front font ',7.5'
plot \
  $data7 using 1:2 with steps lt 2 notitle, \
  $data8 using 1:2 with lines ls 11 notitle, \
  keyentry with lines lt 2 title 'simulation', \
  keyentry with lines ls 11 title 'median'
unset multiplot
unset output
}
# One date for all drawings, so that equal figures have equal bytes.
system "LC_ALL=C sed -i.dated -e 's|/CreationDate (D:[0-9]*Z)|/CreationDate (D:19700101000000Z)|' -e 's|/CreationDate (D:[0-9]*[-+][^)]*)|/CreationDate (D:19700101000000Z)     |' ./spectra.pdf && rm ./spectra.pdf.dated"
