package wire

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
)

func TestReadFrameOfAnySize(t *testing.T) {
	for _, size := range []int{1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 500_000, MaxFrame} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i >> 8)
		}
		stream := AppendFrame(nil, body)
		for name, buf := range map[string][]byte{"none": nil, "small": make([]byte, 10), "large": make([]byte, MaxFrame)} {
			got, err := ReadFrame(bytes.NewReader(stream), buf, 0)
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes with buffer %s: got %d bytes, %v", size, name, len(got), err)
			}
		}
		if got, _ := ReadFrame(bytes.NewReader(stream), nil, 0); cap(got) != size {
			t.Errorf("%d bytes take %d", size, cap(got))
		}
		if _, err := ReadFrame(bytes.NewReader(stream[:len(stream)-1]), nil, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes without the last: %v", size, err)
		}
	}
}

// A large length that nothing follows costs the reader little memory.
func TestReadFrameBelievesLittle(t *testing.T) {
	const tries, most = 100, 100 << 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range tries {
		ReadFrame(bytes.NewReader(AppendInt(nil, MaxFrame)), nil, 0)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / tries; each > most {
		t.Errorf("%d bytes for a frame that never came", each)
	}
}
