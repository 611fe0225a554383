package reports

import "github.com/zklab/zklab/store"

// makers says which zklab ran something and which one did the rest: one line if it was the
// same, or if only the latter is known.
func makers(ran, did, since string) []setting {
	switch {
	case since == "":
		return nil
	case ran == "" || ran == since:
		return []setting{{"zklab", since}}
	}
	return []setting{{"run by", "zklab " + ran}, {did, "zklab " + since}}
}

func makersOf(r *store.Result) []setting { return makers(r.RanBy, "decided by", r.Zklab) }

// makers writes them in lines.
func (s *sheet) makers(all []setting) {
	for _, m := range all {
		s.line(m.Name, m.Value)
	}
}
