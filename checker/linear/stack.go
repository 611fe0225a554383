package linear

import "github.com/zklab/zklab/checker"

// decideStack looks for what no bag can do either: values from nowhere or twice, and pops that found nothing though
// something was always there. The order needs a search.
func decideStack(k *object) finding {
	if f := decideBag(k); f.result == checker.Violation || f.result == checker.Unknown {
		f.reason = pushed(f.reason)
		return f
	}
	return inapplicable("the order of a stack needs a search")
}
