package locks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Keys of an object for the referee: a hold is acquired when nobody owns one of its keys, and
// closed, by release or by death, at once for all of them.
var partsReferee = &frame.Referee{
	Covers:     []string{"exclusion"},
	Operations: holdOperations,
	Model:      func(*evidence.Record) porcupine.Model { return partsModel(false) },
	Size:       sizeOfParts,
}

// The same with tokens that rise for each key.
var partsTokensReferee = &frame.Referee{
	Covers:     []string{"exclusion", "tokens"},
	Applies:    gives,
	Operations: holdOperations,
	Model:      func(*evidence.Record) porcupine.Model { return partsModel(true) },
	Size:       sizeOfParts,
}

func sizeOfParts(state any) int {
	s := state.(partsState)
	return len(s.owners) + len(s.tokens)
}

// partsState is which hold owns each key, and the highest token that was granted for it: a
// line "key hold" or "key token" for each, in order.
type partsState struct{ owners, tokens string }

func partsModel(withTokens bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return partsState{} },
		Step: func(state, input, _ any) (bool, any) {
			s, in := state.(partsState), input.(holdStep)
			owners, tokens, id := linesOf(s.owners), linesOf(s.tokens), fmt.Sprint(in.hold.id)
			for _, part := range in.hold.held() {
				owner, owned := owners[part]
				switch {
				case in.closes && owner != id, !in.closes && owned:
					return false, state
				case in.closes:
					delete(owners, part)
					continue
				}
				owners[part] = id
				if withTokens && in.hold.ticket() != 0 {
					if last, ok := tokens[part]; ok && !rises(last, in.hold) {
						return false, state
					}
					tokens[part] = fmt.Sprint(uint64(in.hold.Token), in.hold.Client, sessionOf(in.hold))
				}
			}
			return true, partsState{textOf(owners), textOf(tokens)}
		},
		DescribeOperation: func(input, _ any) string { return holdModel(false).DescribeOperation(input, nil) },
		DescribeState: func(state any) string {
			return fmt.Sprintf("%d keys held", len(linesOf(state.(partsState).owners)))
		},
	}
}

// rises is that of [holdState], where the last hold is told in a line.
func rises(last string, h *hold) bool {
	var token, session uint64
	var client int
	_, _ = fmt.Sscan(last, &token, &client, &session)
	if token == uint64(h.Token) {
		return client == h.Client && (session == sessionOf(h) || session == 0 || sessionOf(h) == 0)
	}
	return h.Token.Compare(history.ID(token)) > 0
}

// sessionOf is the newest session that can own a hold; 0: none is known.
func sessionOf(h *hold) uint64 {
	if h.death.Newest == nil {
		return 0
	}
	return uint64(h.death.Newest.ID)
}

func linesOf(text string) map[string]string {
	of := map[string]string{}
	for line := range strings.Lines(text) {
		part, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
		of[part] = value
	}
	return of
}

func textOf(of map[string]string) string {
	lines := make([]string, 0, len(of))
	for part, value := range of {
		lines = append(lines, part+"\x00"+value+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
