package samples

// Fairness adds up how fairly runs shared their object.
type Fairness struct {
	Grants        int     `json:"grants"`
	Overtook      int     `json:"overtook"`
	MostOvertaken int     `json:"most_overtaken"` // the most in any run
	LeastJain     float64 `json:"least_jain"`     // the least in any run
}

// Merge adds the figures of other runs. others may be nil, and is not changed.
func (f *Fairness) Merge(others *Fairness) {
	switch {
	case others == nil:
		return
	case f.Grants == 0:
		f.LeastJain = others.LeastJain
	}
	f.LeastJain = min(f.LeastJain, others.LeastJain)
	f.Grants += others.Grants
	f.Overtook += others.Overtook
	f.MostOvertaken = max(f.MostOvertaken, others.MostOvertaken)
}
