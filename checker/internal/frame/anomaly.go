package frame

import (
	"fmt"
	"slices"
)

// Anomaly counts the mistakes of one kind: items that were lost, that nobody had put in, or that came twice.
type Anomaly struct {
	// Kind is lost, unexpected, duplicated or impossible.
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	// First names some of them, at most ten.
	First []string `json:"first"`
}

// Kinds of anomalies.
const (
	Lost       = "lost"
	Unexpected = "unexpected"
	Duplicated = "duplicated"
	Impossible = "impossible"
)

// Anomalies are counted by kind, in the order in which the kinds were found.
type Anomalies []Anomaly

// MostAnomalies is how many of each kind are named.
const MostAnomalies = 10

// Note counts an anomaly, which has a name.
func (all *Anomalies) Note(kind, name string) {
	i := slices.IndexFunc(*all, func(a Anomaly) bool { return a.Kind == kind })
	if i < 0 {
		i = len(*all)
		*all = append(*all, Anomaly{Kind: kind})
	}
	a := &(*all)[i]
	if a.Count++; len(a.First) < MostAnomalies {
		a.First = append(a.First, name)
	}
}

// Often returns a value and how many times it was there.
func Often(value string, n int) string { return fmt.Sprintf("%s (%d times)", value, n) }
