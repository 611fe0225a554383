package history

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A record that grows byte by byte gives each event once, when its line is whole.
func TestTail(t *testing.T) {
	text := beginLine + invokeLine + okLine + endLine
	want := mustRead(t, text)
	for _, step := range []int{1, 7, len(text)} {
		var tail Tail
		var got []Event
		for n := 0; n < len(text)+step; n += step {
			part := text[:min(n, len(text))]
			before := len(got)
			err := tail.Next(strings.NewReader(part), func(e *Event) { got = append(got, *e) })
			if err != nil {
				t.Fatal(err)
			}
			if whole := strings.Count(part, "\n"); len(got) != whole || before > whole {
				t.Fatalf("%d events of %d whole lines", len(got), whole)
			}
		}
		if diff := cmp.Diff(want.Events, got); diff != "" {
			t.Errorf("in steps of %d: %s", step, diff)
		}
		if tail.Header.Model != want.Header.Model || tail.Offset() != int64(len(text)) {
			t.Errorf("header %+v, offset %d", tail.Header, tail.Offset())
		}
	}
}

func TestTailOfSomethingElse(t *testing.T) {
	for text, want := range map[string]error{
		"hello\n":          ErrForeign,
		okLine:             ErrForeign,
		beginLine + "{}\n": ErrDamaged,
		beginLine + strings.Repeat("x", 2*MaxLine): ErrDamaged,
	} {
		var tail Tail
		if err := tail.Next(strings.NewReader(text), func(*Event) {}); !errors.Is(err, want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
