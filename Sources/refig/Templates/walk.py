import refig


@refig.experiment
def walk(p, rng, cell):
    """A random walk of p.steps normal steps. rng: the random numbers of this replica."""
    bias = 0.25 if cell.mutant == "biased" else 0.0
    end = rng.normal(bias, 1, p.steps).sum()
    return {"squaredDistance": end**2}


refig.main()
