package checker

// Assumption is something that must hold for a run's valid to count.
type Assumption struct {
	Name string `json:"name"` // "healthy-before", "healthy-after", "load", "faults", "working", "clients", "record"
	Met  bool   `json:"met"`
	Text string `json:"text"` // one sentence, with figures
}
