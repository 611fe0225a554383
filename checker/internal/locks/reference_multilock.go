package locks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Keys of an object for the reference model: a hold is acquired when no client owns one of its keys,
// and ended, by release or by death, for all of them at once.
var partsReference = &frame.Reference{
	Covers:     []string{"exclusion"},
	Operations: holdOperations,
	Model:      func(*evidence.Record) porcupine.Model { return partsModel(false) },
	Size:       sizeOfParts,
}

// partsReference with tokens that rise for each key.
var partsTokensReference = &frame.Reference{
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

// partsState says which hold owns each key, and the highest token that was granted for
// each: a line "key hold" or "key token" for each key, in order.
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
					tokens[part] = grantOf(in.hold)
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

// grantOf returns a hold's token, client and possible sessions in a line.
func grantOf(h *hold) string {
	grant := []any{uint64(h.Token), h.Client}
	for _, s := range h.death.Owners {
		grant = append(grant, uint64(s.ID))
	}
	return fmt.Sprint(grant...)
}

// rises is like [holdState.rises], for a last hold that is given as a line of grantOf.
func rises(last string, h *hold) bool {
	before, now := strings.Fields(last), strings.Fields(grantOf(h))
	if before[0] != now[0] {
		token, err := strconv.ParseUint(before[0], 10, 64)
		return err == nil && h.Token.Compare(history.ID(token)) > 0
	}
	of, sessions := before[2:], now[2:]
	return before[1] == now[1] && (len(of) == 0 || len(sessions) == 0 ||
		slices.ContainsFunc(sessions, func(s string) bool { return slices.Contains(of, s) }))
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
