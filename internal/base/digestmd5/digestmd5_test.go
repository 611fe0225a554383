package digestmd5

import (
	"errors"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The examples of RFC 2831, section 4.
func TestExamples(t *testing.T) {
	for _, tt := range []struct{ uri, challenge, nonce, response, proof string }{
		{
			"imap/elwood.innosoft.com", `realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8`, "OA6MHXh6VqTrRk",
			"d388dad90d4bbd760a152321f2143af7", "ea40f60335c427b5527b84dbabcdfffd",
		},
		{
			"acap/elwood.innosoft.com", `realm="elwood.innosoft.com",nonce="OA9BSXrbuRhWay",qop="auth",algorithm=md5-sess,charset=utf-8`, "OA9BSuZWMSpW8m",
			"6084c6db3fede7352c551284490fd0fc", "2f0b3d7c3c2e486600ef710726aa2eae",
		},
	} {
		c := Client{User: "chris", Password: "secret", URI: tt.uri, nonce: tt.nonce}
		got := must.Get(c.Next([]byte(tt.challenge)))(t)
		fields, err := parse(string(got))
		if err != nil || fields["response"] != tt.response || fields["nc"] != "00000001" || fields["username"] != "chris" || fields["digest-uri"] != tt.uri {
			t.Errorf("%s: %v", got, err)
		}
		if strings.Contains(string(got), "secret") {
			t.Errorf("the password is in %s", got)
		}
		if last, err := c.Next([]byte("rspauth=" + tt.proof)); last != nil || err != nil {
			t.Errorf("%q, %v", last, err)
		}
		if _, err := c.Next([]byte("rspauth=" + tt.proof)); err == nil {
			t.Error("it goes on after the end")
		}
	}
}

// A server that does not know the password is detected.
func TestImpostor(t *testing.T) {
	c := Client{User: "chris", Password: "secret", URI: "a/b"}
	must.Get(c.Next([]byte(`nonce="x",algorithm=md5-sess`)))(t)
	if _, err := c.Next([]byte("rspauth=ea40f60335c427b5527b84dbabcdfffd")); !errors.Is(err, ErrServer) {
		t.Error(err)
	}
}

// A challenge that is not for this client is an error.
func TestWrongChallenges(t *testing.T) {
	for _, text := range []string{
		"", "nonsense", `nonce="x`, `nonce="x\`, `algorithm=md5-sess`, `nonce="x",algorithm=md5`,
		`nonce="x",algorithm=md5-sess,qop="auth-conf,auth-int"`,
	} {
		c := Client{User: "u", Password: "p", URI: "a/b"}
		if got, err := c.Next([]byte(text)); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// Names and passwords may contain quotation marks and non-ASCII characters. They are hashed in ISO 8859-1, and sent
// in the charset of the challenge.
func TestCharacters(t *testing.T) {
	var proofs []string
	for charset, user := range map[string]string{"": "j\xf6\"e\\", "utf-8": `jö"e\`} {
		c := Client{User: `jö"e\`, Password: "ü", URI: "a/b", nonce: "n"}
		got, err := c.Next([]byte(`realm="r, \"s\"",nonce="x",algorithm=md5-sess,qop="auth,auth-int",charset=` + charset))
		fields, wrong := parse(string(got))
		if err != nil || wrong != nil || fields["username"] != user || fields["realm"] != `r, "s"` || fields["charset"] != charset {
			t.Errorf("%q, %v, %v", got, err, wrong)
		}
		proofs = append(proofs, fields["response"])
	}
	if proofs[0] != proofs[1] {
		t.Errorf("the charset changes the proof: %q", proofs)
	}
	for text, want := range map[string]string{"ü": "\xfc", "a": "a", "€": "€", "\xff": "\xff"} {
		if got := latin(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// Client and server agree if, and only if, they have the same password, realm and service.
func TestServer(t *testing.T) {
	for _, tt := range []struct {
		user, password, uri string
		ok                  bool
	}{
		{"bob", `b"ob`, "a/b", true},
		{"bob", "other", "a/b", false},
		{"eve", `b"ob`, "a/b", false},
		{"bob", `b"ob`, "a/c", false},
	} {
		s := Server{Users: map[string]string{"bob": `b"ob`}, Realm: `r"s`, URI: "a/b"}
		c := Client{User: tt.user, Password: tt.password, URI: tt.uri}
		response := must.Get(c.Next(s.Challenge()))(t)
		proof, ok := s.Check(response)
		if ok != tt.ok {
			t.Errorf("%+v: %t", tt, ok)
		}
		if !ok {
			continue
		}
		if last, err := c.Next(proof); last != nil || err != nil {
			t.Errorf("%+v: %q, %v", tt, last, err)
		}
	}
}
