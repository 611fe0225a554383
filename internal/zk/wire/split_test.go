package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

type seen struct {
	Body string // hexadecimal
	Size int
	End  int // offset of its end in the stream
}

// splitAll passes the stream to the splitter in pieces, whose lengths cut chooses.
func splitAll(s *Splitter, stream []byte, cut func(left int) int) ([]seen, error) {
	var all []seen
	off := 0
	for off < len(stream) {
		piece := stream[off : off+cut(len(stream)-off)]
		for len(piece) > 0 {
			n, f, done, err := s.Next(piece)
			if err != nil {
				return all, err
			}
			off += n
			piece = piece[n:]
			if done {
				all = append(all, seen{hex.EncodeToString(f.Body), f.Size, off})
			}
		}
	}
	return all, nil
}

func TestSplitterSeesTheSameInPiecesOfAnySize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var stream []byte
		var want []seen
		keep := 1 + rng.IntN(40)
		for range 1 + rng.IntN(6) {
			body := make([]byte, rng.IntN(60))
			for i := range body {
				body[i] = byte(rng.Uint32())
			}
			stream = AppendFrame(stream, body)
			want = append(want, seen{hex.EncodeToString(body[:min(keep, len(body))]), len(body), len(stream)})
		}
		cuts := map[string]func(int) int{
			"whole":  func(left int) int { return left },
			"bytes":  func(int) int { return 1 },
			"random": func(left int) int { return 1 + rng.IntN(left) },
		}
		for name, cut := range cuts {
			got := must.Get(splitAll(&Splitter{Keep: keep}, stream, cut))(t)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: -want +got\n%s", name, diff)
			}
		}
	}
}

func TestSplitterRefusesLengthsOutOfBounds(t *testing.T) {
	for name, stream := range map[string][]byte{
		"negative":         AppendInt(nil, -5),
		"too long":         AppendInt(nil, 101),
		"four-letter word": []byte("srvr"),
	} {
		s := Splitter{Limit: 100}
		if _, _, _, err := s.Next(stream); !errors.Is(err, ErrFrameSize) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestSplitterLetsLargeCopiesGo(t *testing.T) {
	s := Splitter{}
	large := AppendFrame(nil, make([]byte, 500_000))
	frames, err := splitAll(&s, large, func(left int) int { return min(left, 1000) })
	if err != nil || len(frames) != 1 || len(frames[0].Body) != 2*500_000 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	if cap(s.kept) != 0 {
		t.Errorf("still holds %d bytes", cap(s.kept))
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, []byte("abc")), nil), uint8(3))
	f.Add([]byte("ruok"), uint8(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 2, 1}, uint8(5))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		const limit = 1000
		whole, err := splitAll(&Splitter{Limit: limit}, stream, func(left int) int { return left })
		pieces, err2 := splitAll(&Splitter{Limit: limit}, stream, func(left int) int { return min(left, 1+int(piece)) })
		if diff := cmp.Diff(whole, pieces); diff != "" || (err == nil) != (err2 == nil) {
			t.Fatalf("errors %v, %v; -whole +pieces\n%s", err, err2, diff)
		}
		// ReadFrame, which is simpler, must agree.
		r := bytes.NewReader(stream)
		for i := range whole {
			body, err := ReadFrame(r, nil, limit)
			if err != nil || hex.EncodeToString(body) != whole[i].Body {
				t.Fatalf("frame %d: %x, %v", i, body, err)
			}
		}
	})
}
