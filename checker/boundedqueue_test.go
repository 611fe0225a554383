package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func boundedScenarios() []scenario {
	ok, info := history.OK, history.Info
	one := func() *checktest.Record { return checktest.Bounded(1).Put(0, 1, 2, "a", ok) }
	room := func() *checktest.Record {
		return checktest.Bounded(1).Phases(0, 100, 200).Put(0, 10, 20, "a", ok)
	}
	return []scenario{
		{"one more than there is room for", "bounded", Violation, "at 0.004 s there were at least 2 items in k, which has room for 1", one().Put(1, 3, 4, "b", ok).Take(2, 5, 6, "a", ok).Take(2, 7, 8, "b", ok)},
		{"one more, and neither came out", "bounded", Violation, "", one().Put(1, 3, 4, "b", ok)},
		{"one is taken while another one is put in", "bounded", Valid, "", one().Put(1, 3, 6, "b", ok).Take(2, 5, 7, "a", ok).Take(2, 8, 9, "b", ok)},
		{"one may have been taken", "bounded", Valid, "", one().Take(2, 3, 4, "", info).Put(1, 3, 4, "b", ok)},
		{"one may have been taken, two are too many", "bounded", Violation, "", one().Take(2, 3, 4, "", info).Put(1, 3, 4, "b", ok).Put(1, 5, 6, "c", ok)},
		{"who may have taken one had not asked yet", "bounded", Violation, "", one().Put(1, 3, 4, "b", ok).Take(2, 5, 6, "", info)},
		{"one that may never have been put in", "bounded", Valid, "", one().Put(1, 3, 4, "b", info)},
		{"one that was refused", "bounded", Valid, "", one().Put(1, 3, 4, "b", history.Fail)},
		{"a queue without a bound", "loss", Valid, "", checktest.Queue().Put(0, 1, 2, "a", ok).Put(0, 3, 4, "b", ok).Take(1, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},

		{"who waits for room is never woken", "progress", Violation, "client 1 waited to put into k from 0.320 s to 9.000 s, while there was room for 1 item", room().Put(1, 300, 9000, "b", history.Fail).Take(2, 310, 320, "a", ok)},
		{"it was put in, and nobody said so", "progress", Violation, "client 1 waited to put into k", room().Put(1, 300, 9000, "b", ok).Take(2, 310, 320, "a", ok)},
		{"there is no room", "progress", Valid, "", room().Put(1, 300, 9000, "b", history.Fail).Take(2, 9100, 9200, "a", ok)},
		{"somebody else may have been quicker", "progress", Valid, "", room().Put(1, 300, 9000, "b", history.Fail).Take(2, 310, 320, "a", ok).Put(0, 330, 340, "c", info)},
	}
}

func init() { scenarios = append(scenarios, boundedScenarios()...) }

// The fast check does not know of items that were there only for a moment, although these also
// take room. So a violation that only the reference model finds also counts.
func TestBoundIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Queue.Name, 1, false, checktest.GenerateBounded)
}
