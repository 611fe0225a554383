package explore

import (
	"hash"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/zklab/zklab/history"
)

// doneIn hashes the outcomes of each client's operations, in their order. Times do not count. For
// sessions, zxids and tokens only equality counts, since their values differ from run to run.
func doneIn(h *history.History) uint64 {
	of := map[int]*operations{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Process < 0 {
			continue
		}
		if of[e.Client] == nil {
			of[e.Client] = &operations{sum: fnv.New64a(), ids: map[string]int{}}
		}
		of[e.Client].add(e)
	}
	all := fnv.New64a()
	for _, client := range slices.Sorted(maps.Keys(of)) {
		writeNumber(all, uint64(client))
		writeNumber(all, of[client].sum.Sum64())
	}
	return all.Sum64()
}

// operations lists the operations of one client.
type operations struct {
	sum hash.Hash64
	ids map[string]int // in the order in which they came
}

// ids in values are hexadecimal; see [history.ID].
var ids = regexp.MustCompile(`"0x[0-9a-f]+"`)

func (o *operations) add(e *history.Event) {
	value := ids.ReplaceAllStringFunc(string(e.Value), func(id string) string {
		n, ok := o.ids[id]
		if !ok {
			n = len(o.ids)
			o.ids[id] = n
		}
		return strconv.Itoa(n)
	})
	code := ""
	if e.Error != nil {
		code = e.Error.Code
	}
	for _, part := range []string{strconv.Itoa(int(e.Process)), string(e.Type), e.F, e.Key, value, code} {
		_, _ = o.sum.Write(append([]byte(part), 0))
	}
}
