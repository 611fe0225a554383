package words

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

// StoodStill describes, for each kind and target of faults on servers, for how long the object stood
// still.
func StoodStill(r *store.Result) (sentences []string) {
	what := Subject(r)
	for _, k := range r.Stats.Failovers {
		kind := kinds.Named(k.Kind)
		if kind.Hits != kinds.Servers && kind.Hits != kinds.Network || kind.Was == "" || k.Verified == 0 {
			continue
		}
		if text := stillWords(what, hitWords(k, kind), k); text != "" {
			sentences = append(sentences, text)
		}
	}
	return sentences
}

// hitWords says what happened to which server: "the leader was paused".
func hitWords(k stats.FailoverSum, kind kinds.Kind) string {
	_, target, _ := strings.Cut(k.Spec, ":")
	target, _, _ = strings.Cut(target, ":")
	was, _, _ := strings.Cut(kind.Was, " and ") // what follows says how long it lasts
	switch target {
	case "leader":
		return "the leader " + was
	case "follower":
		return "a follower " + was
	}
	return "a server " + was + " (" + Label(k.Spec, 40) + ")"
}

// stillWords says how long it took until an operation succeeded again.
func stillWords(what, hit string, k stats.FailoverSum) string {
	switch {
	case k.All != nil && k.All.Count == 1:
		return fmt.Sprintf("%s stood still for %s when %s", what, longerWords(k.All.Median), hit)
	case k.All != nil:
		return fmt.Sprintf("%s stood still for %s when %s: the median of %s, the longest %s", what, longerWords(k.All.Median), hit, Times(k.All.Count), Bound(k.All.Worst))
	case k.NoMajority > 0:
		return fmt.Sprintf("%s stood still when %s, until it was healed: no majority of the servers was left", what, hit)
	case k.Felt == 0 && k.Verified == 1:
		return "no client felt that " + hit
	case k.Felt == 0:
		return fmt.Sprintf("no client felt that %s, %s", hit, prose.Times(k.Verified))
	}
	return ""
}

// longerWords formats a time, or a lower bound as "more than 10 s".
func longerWords(b measured.Bound) string {
	if b.AtLeast {
		return "more than " + prose.Length(b.Time)
	}
	return prose.Length(b.Time)
}
