# A random walk as a program of refig in R with the package jsonlite.
library(jsonlite)

# raw: as much is read as there is, and not more.
requests <- file("/dev/fd/3", "rb", raw = TRUE)
answers <- file("/dev/fd/4", "wb", raw = TRUE)

# L'Ecuyer's generator has six numbers as its state; the 32 digits of a key fill them.
seed <- function(key) {
  first <- c(1, 6, 11, 16, 21, 27)
  digits <- substring(key, first, c(first[-1] - 1, 32))
  assign(".Random.seed", c(10407L, strtoi(digits, 16L) + 1L), envir = globalenv())
  runif(20) # from small numbers to any
}

answer <- function(head, numbers = double()) {
  writeLines(toJSON(head, auto_unbox = TRUE), answers)
  writeBin(as.double(numbers), answers, endian = "little")
  flush(answers)
}

while (length(line <- readLines(requests, n = 1)) > 0) {
  request <- fromJSON(line, simplifyDataFrame = FALSE)
  for (array in request$arrays) readBin(requests, "double", prod(array$shape), endian = "little") # not needed here
  steps <- request$parameters$steps
  if (steps < 1) {
    answer(list(error = "steps must be at least 1"))
    next
  }
  bias <- if (identical(request$mutant, "biased")) 0.25 else 0
  squares <- sapply(request$keys, function(key) {
    seed(key)
    sum(rnorm(steps, bias))^2
  })
  answer(list(request = request$request, arrays = list(list(name = "squaredDistance", shape = I(length(squares))))), squares)
}
