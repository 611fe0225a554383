package fourletter

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// The versions of a server name the imitated version and the imitator: parsers read the text before the first dash.
const (
	version = "3.9.3-zklab, built on 10/17/2024 23:21 UTC"
	older   = "3.8.0-zklab, built on 02/25/2022 08:49 UTC"
)

func (s Server) version() string {
	if s.Older {
		return older
	}
	return version
}

// hex prints the bits of a signed number, as Java does.
func hex(n int64) string { return "0x" + strconv.FormatUint(uint64(n), 16) }

// javaDouble prints a double as Java's Double.toString does.
func javaDouble(f float64) string {
	if f != 0 && (f < 1e-3 || f >= 1e7) {
		digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		e, _ := strconv.Atoi(exponent)
		return withPoint(digits) + "E" + strconv.Itoa(e)
	}
	return withPoint(strconv.FormatFloat(f, 'f', -1, 64))
}

func withPoint(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}

// fourDecimals rounds f, which is not negative, half up.
func fourDecimals(f float64) float64 {
	r := new(big.Rat).SetFloat64(f)
	r.Mul(r, big.NewRat(1e4, 1)).Add(r, big.NewRat(1, 2))
	whole, _ := new(big.Int).Quo(r.Num(), r.Denom()).Float64()
	return whole / 1e4
}

// javaAddr prints an address as Java's InetSocketAddress does: a slash for the
// name that was not looked up, and all eight groups of IPv6.
func javaAddr(addr string) string {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || ap.Addr().Unmap().Is4() {
		if err == nil {
			addr = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()).String()
		}
		return "/" + addr
	}
	b := ap.Addr().As16()
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = strconv.FormatUint(uint64(b[2*i])<<8|uint64(b[2*i+1]), 16)
	}
	host := strings.Join(groups, ":")
	if zone := ap.Addr().Zone(); zone != "" {
		host += "%" + zone
	}
	return fmt.Sprintf("/[%s]:%d", host, ap.Port())
}
