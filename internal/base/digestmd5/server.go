package digestmd5

import "crypto/rand"

// Server is the server's side of one authentication, for servers in tests.
type Server struct {
	Users      map[string]string // with their passwords
	Realm, URI string
	challenge  []byte
}

// Challenge returns the server's first message.
func (s *Server) Challenge() []byte {
	s.challenge = []byte(`realm="` + quoted(s.Realm) + `",nonce="` + rand.Text() + `",qop="auth",charset=utf-8,algorithm=md5-sess`)
	return s.challenge
}

// Check returns the proof for a client that knows its password; ok is false for others.
func (s *Server) Check(response []byte) (proof []byte, ok bool) {
	got, err := parse(string(response))
	password, known := s.Users[got["username"]]
	if err != nil || !known {
		return nil, false
	}
	same := Client{User: got["username"], Password: password, URI: s.URI, nonce: got["cnonce"]}
	want, err := same.Next(s.challenge)
	if err != nil || string(want) != string(response) {
		return nil, false
	}
	return []byte("rspauth=" + same.rspauth), true
}
