package sweep

import (
	"maps"
	"slices"
	"strings"
)

// Matrix tells which operations, and which of their requests, have met which kinds of faults.
type Matrix struct {
	Kinds []string // the columns: kinds whose time came in some run
	Rows  []MatrixRow
	// Holes counts the empty cells of kinds of faults that took effect.
	Holes int
}

// MatrixRow is an operation, or one of its requests.
type MatrixRow struct {
	Operation string
	Step      string // the request; empty for the operation as a whole
	Count     int    // how often it was done
	Cells     []Cell
}

// Never returns the kinds of faults that the row never met, although faults of these kinds took
// effect.
func (r MatrixRow) Never() (kinds []string) {
	for _, c := range r.Cells {
		if c.Hole {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}

// Cell says how often a row met a kind of fault.
type Cell struct {
	Kind string
	N    int
	// Hole means that the row never met the kind, although faults of the kind took effect.
	Hole bool
}

// Matrix returns which operations and requests met which kinds of faults. Each row of an operation
// comes before those of its requests.
func (s *Summary) Matrix() Matrix {
	var m Matrix
	for _, f := range s.Faults {
		m.Kinds = append(m.Kinds, f.Kind)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Met)) {
		x := s.Met[name]
		row := MatrixRow{Count: x.Count}
		row.Operation, row.Step, _ = strings.Cut(name, " ")
		for _, f := range s.Faults {
			c := Cell{Kind: f.Kind, N: x.Met[f.Kind]}
			c.Hole = c.N == 0 && f.Verified > 0
			if c.Hole {
				m.Holes++
			}
			row.Cells = append(row.Cells, c)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}
