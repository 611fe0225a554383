package link

// Direction is a direction through the link.
type Direction int

// The directions. The zero value is both.
const (
	Both Direction = iota
	ToServer
	ToClient
)

// String is "both", "to-server" or "to-client".
func (d Direction) String() string {
	switch d {
	case ToServer:
		return "to-server"
	case ToClient:
		return "to-client"
	}
	return "both"
}

// includes reports whether d includes the one direction way.
func (d Direction) includes(way Direction) bool { return d == Both || d == way }
