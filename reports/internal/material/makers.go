package material

import "github.com/zklab/zklab/store"

// Makers names the zklab that ran something, and the zklab that made the report and did what the second
// argument says. It returns a single entry if both are equal, or if only one is known.
func Makers(ranBy, did, reporter string) []Setting {
	switch {
	case reporter == "":
		return nil
	case ranBy == "" || ranBy == reporter:
		return []Setting{{"zklab", reporter}}
	}
	return []Setting{{"run by", "zklab " + ranBy}, {did, "zklab " + reporter}}
}

// MakersOf names the zklab that ran a run and the one that decided it.
func MakersOf(r *store.Result) []Setting { return Makers(r.RanBy, "decided by", r.Zklab) }

// Setting is a name with its value.
type Setting struct{ Name, Value string }
