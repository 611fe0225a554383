package container

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"

	mobynet "github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// subnet is the run's own network: 64 addresses, so that hundreds of thousands
// of them fit into the private range and two runs seldom draw the same. The
// engine's default pools would end after some thirty networks.
type subnet struct{ netip.Prefix }

const (
	subnetBits = 26
	// subnetDraws is how often to draw before giving up.
	subnetDraws = 30
)

// server returns the address of the server with that id. The first addresses are for the engine's
// gateway and for helpers.
func (s subnet) server(id int) netip.Addr { return s.host(10 + id) }

func (s subnet) gateway() netip.Addr { return s.host(1) }

func (s subnet) host(n int) netip.Addr {
	b := s.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
	return netip.AddrFrom4(b)
}

// drawSubnet draws from the upper half of 10.0.0.0/8, where fewer people live.
func drawSubnet(rng *rand.Rand) subnet {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24|1<<23|uint32(rng.IntN(1<<(subnetBits-9)))<<(32-subnetBits))
	return subnet{netip.PrefixFrom(netip.AddrFrom4(b), subnetBits)}
}

// createNetwork makes the run's network on a subnet that overlaps nothing that
// the engine or this machine knows, and gives its name.
func createNetwork(ctx context.Context, e *cluster) (string, subnet, error) {
	taken := localPrefixes()
	for range subnetDraws {
		s := drawSubnet(e.run.rng)
		if overlapsAny(s.Prefix, taken) {
			continue
		}
		name, err := createOn(ctx, e, s)
		switch {
		case err == nil:
			return name, s, nil
		case !strings.Contains(strings.ToLower(err.Error()), "overlap"):
			return "", subnet{}, engineErr("create a network", err)
		}
	}
	return "", subnet{}, fmt.Errorf("create a network: no free subnet among %d drawn from 10.128.0.0/9: `zklab clean --remove` removes networks of dead runs", subnetDraws)
}

func createOn(ctx context.Context, e *cluster, s subnet) (name string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	name = "zklab-" + e.run.id
	_, err = e.engine.Client().NetworkCreate(ctx, name, client.NetworkCreateOptions{
		Driver: "bridge", Labels: e.run.labels(0),
		IPAM: &mobynet.IPAM{Config: []mobynet.IPAMConfig{{Subnet: s.Prefix, Gateway: s.gateway()}}},
	})
	return name, err
}

// localPrefixes returns the networks that this machine is on. The engine does not check them when it is
// given a subnet.
func localPrefixes() (prefixes []netip.Prefix) {
	addrs, _ := net.InterfaceAddrs() // without them the engine's own check remains
	for _, addr := range addrs {
		if p, err := netip.ParsePrefix(addr.String()); err == nil {
			prefixes = append(prefixes, p.Masked())
		}
	}
	return prefixes
}

func overlapsAny(p netip.Prefix, others []netip.Prefix) bool {
	return slices.ContainsFunc(others, p.Overlaps)
}
