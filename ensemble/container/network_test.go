package container

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestDrawSubnet(t *testing.T) {
	half := netip.MustParsePrefix("10.128.0.0/9")
	rng := rand.New(rand.NewPCG(1, 2))
	different := map[netip.Prefix]bool{}
	for range 1000 {
		s := drawSubnet(rng)
		if s.Masked() != s.Prefix || s.Bits() != subnetBits || !half.Overlaps(s.Prefix) || !half.Contains(s.Addr()) {
			t.Fatalf("drew %v", s)
		}
		if last := s.server(maxNodes); !s.Contains(last) || s.server(1) == s.gateway() {
			t.Fatalf("%v has no room for server %d at %v", s, maxNodes, last)
		}
		different[s.Prefix] = true
	}
	if len(different) < 900 {
		t.Errorf("only %d of 1000 draws differ", len(different))
	}
}

func TestOverlapsAny(t *testing.T) {
	p := netip.MustParsePrefix("10.200.1.64/26")
	for other, want := range map[string]bool{
		"10.200.1.0/24": true, "10.200.1.70/32": true, "10.0.0.0/8": true,
		"10.200.1.0/26": false, "192.168.0.0/16": false, "::1/128": false,
	} {
		if got := overlapsAny(p, []netip.Prefix{netip.MustParsePrefix(other)}); got != want {
			t.Errorf("%v and %s: %v", p, other, got)
		}
	}
}
