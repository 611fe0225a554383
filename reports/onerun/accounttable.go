package onerun

import (
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports/internal/words"
)

// accountRow is something that a property compared, or did not, as the page lists it.
type accountRow struct {
	Property, What string
	checker.Compared
	LeftOut []string
}

// AccountRows returns what each property compared: a row for each thing that it counts.
func (p page) AccountRows() (rows []accountRow) {
	for _, of := range p.Account.Properties {
		row := accountRow{Property: of.Property, LeftOut: of.LeftOut}
		for _, c := range of.Compared {
			row.What, row.Compared = strings.ReplaceAll(c.What, "_", " "), c
			rows = append(rows, row)
			row = accountRow{}
		}
		if len(of.Compared) == 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// AccountFaults returns what each of the first faults reached.
func (p page) AccountFaults() []checker.FaultAccount {
	return p.Account.Faults[:min(len(p.Account.Faults), mostFaults)]
}

// Hit says how many servers and clients a fault hit.
func (p page) Hit(f checker.FaultAccount) string {
	var hit []string
	if f.Servers > 0 {
		hit = append(hit, words.Plural(f.Servers, "server"))
	}
	if f.Clients > 0 {
		hit = append(hit, words.Plural(f.Clients, "client"))
	}
	return strings.Join(hit, ", ")
}
