package gunzip

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestReader(t *testing.T) {
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		must.Get(z.Write([]byte(text)))(t)
		must.Do(t, z.Close())
		return b.String()
	}
	whole := packed("some text")
	for _, c := range []struct{ name, in, want, wrong string }{
		{"plain", "some text", "some text", ""},
		{"empty", "", "", ""},
		{"a byte", "\x1f", "\x1f", ""},
		{"packed", whole, "some text", ""},
		{"packed and nothing in it", packed(""), "", ""},
		{"packed in two", whole + packed(" and more"), "some text and more", ""},
		{"cut off", whole[:len(whole)-4], "", "truncated or damaged"},
		{"the beginning alone", whole[:4], "", "truncated or damaged"},
		{"followed by something else", whole + "xx", "", "truncated or damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []byte
			r, err := Reader(iotest.OneByteReader(strings.NewReader(c.in)))
			if err == nil {
				got, err = io.ReadAll(r)
			}
			switch {
			case c.wrong == "" && (err != nil || string(got) != c.want):
				t.Errorf("got %q, %v", got, err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %q, %v, want %s", got, err, c.wrong)
			}
		})
	}
	if _, err := Reader(iotest.ErrReader(iotest.ErrTimeout)); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}
