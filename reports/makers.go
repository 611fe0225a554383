package reports

import (
	_ "embed"

	"github.com/zklab/zklab/store"
)

// makers names the zklab that ran something, and the one that made the report and did what the
// second argument says. It names one if both are equal, or if only one is known.
func makers(ranBy, did, reporter string) []setting {
	switch {
	case reporter == "":
		return nil
	case ranBy == "" || ranBy == reporter:
		return []setting{{"zklab", reporter}}
	}
	return []setting{{"run by", "zklab " + ranBy}, {did, "zklab " + reporter}}
}

func makersOf(r *store.Result) []setting { return makers(r.RanBy, "decided by", r.Zklab) }

// setting is a name with its value.
type setting struct{ Name, Value string }
