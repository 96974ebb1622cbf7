enum Engine {}
