package matrix

import (
	"github.com/zklab/zklab/internal/lab/sweep"
)

// Difference is a property that some run violated.
type Difference struct {
	Property string  `json:"property"`
	Shares   []Share `json:"shares"` // one for each column
	// Apart lists the pairs of columns, by their positions from 0, whose intervals do not overlap: these columns
	// differ. Nothing is known about the other pairs.
	Apart [][2]int `json:"apart"`
}

// Share is the part of a column's runs that violated a property.
type Share struct {
	Violated int `json:"violated"`
	// Decided counts the runs in which the property was valid or violated.
	Decided int `json:"decided"`
	// Low and High bound the share, by Wilson's interval of 95 %.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// differences returns the violated properties that decide verdicts, in the order of the cells.
func differences(cells []*Cell) []Difference {
	out := []Difference{}
	seen := map[string]bool{}
	for _, c := range cells {
		if c.Summary == nil {
			continue
		}
		for _, p := range c.Summary.Properties {
			if p.Violation > 0 && !p.Measured && !seen[p.Name] {
				seen[p.Name] = true
				out = append(out, differenceOf(p.Name, cells))
			}
		}
	}
	return out
}

func differenceOf(property string, cells []*Cell) Difference {
	d := Difference{Property: property, Apart: [][2]int{}}
	for _, c := range cells {
		d.Shares = append(d.Shares, shareOf(property, c.Summary))
	}
	for i, a := range d.Shares {
		for j, b := range d.Shares[:i] {
			if a.Low > b.High || b.Low > a.High {
				d.Apart = append(d.Apart, [2]int{j, i})
			}
		}
	}
	return d
}

func shareOf(property string, s *sweep.Summary) (share Share) {
	if s != nil {
		for _, p := range s.Properties {
			if p.Name == property {
				share.Violated, share.Decided = p.Violation, p.Valid+p.Violation
			}
		}
	}
	share.Low, share.High = sweep.Wilson(share.Violated, share.Decided)
	return share
}
