package store

// An experiment without its file, for fuzzing.
var (
	ParseExperiment   = parseExperiment
	MarshalExperiment = marshalExperiment
)
