package memnet

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestRing compares the ring with a slice.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		var want []byte
		next := byte(0)
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, bufferSize/3), rapid.IntRange(0, bufferSize+10))
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				b := make([]byte, size.Draw(t, "size"))
				for i := range b {
					next++
					b[i] = next
				}
				n := r.put(b)
				if room := bufferSize - len(want); n != min(len(b), room) {
					t.Fatalf("put %d of %d bytes, there was room for %d", n, len(b), room)
				}
				want = append(want, b[:n]...)
			},
			"get": func(t *rapid.T) {
				b := make([]byte, size.Draw(t, "size"))
				n := r.get(b)
				if n != min(len(b), len(want)) || !bytes.Equal(b[:n], want[:n]) {
					t.Fatalf("got %d of %d bytes, there were %d", n, len(b), len(want))
				}
				want = want[n:]
			},
			"drop": func(*rapid.T) {
				r.drop()
				want = nil
			},
			"": func(t *rapid.T) {
				if r.len() != len(want) {
					t.Fatalf("has %d bytes, want %d", r.len(), len(want))
				}
				if len(want) == 0 && r.lent != nil {
					t.Fatal("keeps a large buffer although it is empty")
				}
			},
		})
	})
}
