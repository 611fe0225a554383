package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

// contended returns the share of granted acquires that were invoked while another client held the key,
// as that client saw it, or -1 if there are none. The holds are in order of their grants.
func contended(m *models.Model, ops operations, all []*holds.Hold) float64 {
	byKey := map[string]*heldBy{}
	for _, h := range all {
		if byKey[h.Key] == nil {
			byKey[h.Key] = &heldBy{}
		}
		byKey[h.Key].add(h)
	}
	acquires, met := 0, 0
	for op := range ops {
		if !m.Grants(op.F) || op.Outcome() != history.OK {
			continue
		}
		acquires++
		if k := byKey[op.Key]; k != nil && k.another(op.Client, op.Began()) {
			met++
		}
	}
	if acquires == 0 {
		return -1
	}
	return float64(met) / float64(acquires)
}

// heldBy finds the holder of a key at an instant.
type heldBy struct {
	holds []*holds.Hold   // by grant
	until []time.Duration // the latest end of holds 0 to i
}

func (k *heldBy) add(h *holds.Hold) {
	latest := h.Until
	if n := len(k.until); n > 0 {
		latest = max(latest, k.until[n-1])
	}
	k.holds, k.until = append(k.holds, h), append(k.until, latest)
}

func (k *heldBy) another(client int, t time.Duration) bool {
	i, _ := slices.BinarySearchFunc(k.holds, t+1, func(h *holds.Hold, t time.Duration) int { return cmp.Compare(h.Granted, t) })
	for i--; i >= 0 && k.until[i] > t; i-- {
		if h := k.holds[i]; h.Client != client && h.Until > t {
			return true
		}
	}
	return false
}
