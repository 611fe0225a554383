package growing

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Each line comes once, when it is complete.
func TestLines(t *testing.T) {
	l, file := NewLines(chunk+10), ""
	var got []string
	for _, added := range []string{"", "a\nb", "c\n\n", strings.Repeat("d", chunk+5), "\ne"} {
		file += added
		if err := l.Next(strings.NewReader(file), func(line []byte) error { got = append(got, string(line)); return nil }); err != nil {
			t.Fatal(err)
		}
		if l.Offset() != int64(len(file)) {
			t.Errorf("read %d bytes of %d", l.Offset(), len(file))
		}
	}
	if want := []string{"a", "bc", "", strings.Repeat("d", chunk+5)}; !slices.Equal(got, want) {
		t.Errorf("%.80q", got)
	}
}

func TestLinesErrors(t *testing.T) {
	if err := NewLines(2).Next(strings.NewReader("abc"), nil); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	own := errors.New("own")
	if err := NewLines(9).Next(strings.NewReader("a\nb\n"), func([]byte) error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
}
