package frame

// Anomaly counts what is wrong in one way: items that were lost, that nobody had put in, that came twice.
type Anomaly struct {
	// Kind is lost, unexpected, duplicated or impossible.
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	// First names some of them, at most ten.
	First []string `json:"first"`
}
