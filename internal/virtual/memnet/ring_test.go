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

// TestRingWraps goes round many times without ever being empty.
func TestRingWraps(t *testing.T) {
	var r ring
	var in, out byte
	put := func(n int) {
		b := make([]byte, n)
		for i := range b {
			b[i] = in
			in++
		}
		if got := r.put(b); got != n {
			t.Fatalf("put %d of %d bytes", got, n)
		}
	}
	get := func(n int) {
		b := make([]byte, n)
		if got := r.get(b); got != n {
			t.Fatalf("got %d of %d bytes", got, n)
		}
		for i := range b {
			if b[i] != out {
				t.Fatalf("byte %d is %d, want %d", i, b[i], out)
			}
			out++
		}
	}
	put(50_001)
	for range 100 {
		get(50_000)
		put(50_000)
	}
}
