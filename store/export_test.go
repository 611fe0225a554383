package store

// ParseExperiment reads an experiment without its file, for fuzzing.
var ParseExperiment = parseExperiment
