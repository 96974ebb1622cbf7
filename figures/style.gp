# Common look of all figures. Written into every script, before anything is drawn; changing it redraws all figures.
# Widths and sizes are in points on paper; the scripts scale both terminals to that.
#
# Looks 1 to 8: colour (Okabe and Ito, told apart by colour-blind readers), dash and marker change together, so that
# black-and-white print loses nothing. A line and the points of the same look belong together: theory and simulation.
set linetype 1 lc rgb '#0072b2' lw 1.2 dt solid          pt 7  ps 0.68
set linetype 2 lc rgb '#d55e00' lw 1.2 dt (12,4)         pt 5  ps 0.62
set linetype 3 lc rgb '#009e73' lw 1.2 dt (12,3,2,3)     pt 13 ps 0.80
set linetype 4 lc rgb '#cc79a7' lw 1.2 dt (5,3)          pt 9  ps 0.80
set linetype 5 lc rgb '#e69f00' lw 1.2 dt (12,3,2,3,2,3) pt 11 ps 0.80
set linetype 6 lc rgb '#56b4e9' lw 1.2 dt (2,2.5)        pt 6  ps 0.68
set linetype 7 lc rgb '#7f5112' lw 1.2 dt (20,4)         pt 4  ps 0.62
set linetype 8 lc rgb '#000000' lw 1.2 dt solid          pt 2  ps 0.62
set linetype cycle 8

# Guides to the eye and marked values: grey, thin, never solid.
set style line 11 lc rgb '#555555' lw 0.8 dt (8,4)
set style line 12 lc rgb '#555555' lw 0.8 dt (2,2)
set style line 13 lc rgb '#555555' lw 0.8 dt (8,3,2,3)

# Axes, ticks and grid: thin and grey.
set style line 100 lc rgb '#444444' lw 0.6
set style line 101 lc rgb '#e6e6e6' lw 0.4 dt solid
set border 3 ls 100
set tics nomirror out scale 0.6,0.3 textcolor rgb '#222222'
set grid back ls 101

set key noautotitle noopaque nobox Left reverse samplen 2.2 spacing 1.1 height 0 width 0
set errorbars small
set pointintervalbox 0.01
set clip two

# Viridis, for heat maps and for families of more than eight values.
set palette defined (0 '#440154', 0.125 '#472d7b', 0.25 '#3b528b', 0.375 '#2c728e', 0.5 '#21918c', 0.625 '#28ae80', \
  0.75 '#5ec962', 0.875 '#addc30', 1 '#fde725')
