// Package digestmd5 is the client of SASL's mechanism DIGEST-MD5 (RFC 2831), with the quality of protection
// "auth": both sides prove that they know a password, and nothing is encrypted. RFC 6331 advises against the
// mechanism; it is here for servers that have no other.
package digestmd5

import (
	"crypto/md5" //nolint:gosec // the mechanism's
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrServer means that the server's last answer does not prove that it knows the password.
var ErrServer = errors.New("digest-md5: the server's answer is not the one of the password")

// Client is the client's side of one authentication. It is not safe for concurrent use.
type Client struct {
	User, Password string
	URI            string // of the service: service/host
	nonce          string // the client's; "": a random one
	rspauth        string // what the server must answer
	done           bool
}

// Next returns the answer to the server's message, which is first a challenge and then a proof. The answer to
// the proof is nil, and ends the authentication. The error is [ErrServer] if the proof is wrong.
func (c *Client) Next(challenge []byte) ([]byte, error) {
	fields, err := parse(string(challenge))
	switch {
	case err != nil:
		return nil, err
	case c.done:
		return nil, errors.New("digest-md5: the server asks after the end")
	case c.rspauth != "":
		c.done = true
		if got := fields["rspauth"]; subtle.ConstantTimeCompare([]byte(got), []byte(c.rspauth)) != 1 {
			return nil, ErrServer
		}
		return nil, nil
	}
	return c.answer(fields)
}

// answer answers a challenge (RFC 2831, 2.1.2).
func (c *Client) answer(challenge map[string]string) ([]byte, error) {
	nonce, inUTF8 := challenge["nonce"], strings.EqualFold(challenge["charset"], "utf-8")
	switch {
	case nonce == "" || challenge["algorithm"] != "md5-sess":
		return nil, errors.New("digest-md5: the challenge has no nonce, or another algorithm than md5-sess")
	case !offers(challenge["qop"], "auth"):
		return nil, fmt.Errorf("digest-md5: the server wants qop %q, not auth", challenge["qop"])
	}
	if c.nonce == "" {
		c.nonce = rand.Text()
	}
	const count = "00000001" // of the uses of the nonce
	realm := challenge["realm"]
	secret := sum(latin(c.User) + ":" + latin(realm) + ":" + latin(c.Password))
	a1 := hexSum(string(secret[:]) + ":" + nonce + ":" + c.nonce)
	proof := func(a2 string) string {
		return hexSum(strings.Join([]string{a1, nonce, count, c.nonce, "auth", hexSum(a2)}, ":"))
	}
	c.rspauth = proof(":" + c.URI)
	var b strings.Builder
	send := latin
	if inUTF8 {
		send = func(text string) string { return text }
		b.WriteString("charset=utf-8,")
	}
	fmt.Fprintf(&b, `username="%s",realm="%s",nonce="%s",nc=%s,cnonce="%s",digest-uri="%s",response=%s,qop=auth`,
		quoted(send(c.User)), quoted(send(realm)), quoted(nonce), count, quoted(c.nonce), quoted(c.URI), proof("AUTHENTICATE:"+c.URI))
	return []byte(b.String()), nil
}

// latin encodes a text in ISO 8859-1 if that charset has all its characters, and otherwise in UTF-8. The text
// is hashed in this encoding, whatever the charset of the challenge is (RFC 2831, 2.1.2.1), and sent in it to
// a server that does not support UTF-8.
func latin(text string) string {
	if !utf8.ValidString(text) {
		return text
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return text // there is no such character
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func sum(text string) [md5.Size]byte { return md5.Sum([]byte(text)) } //nolint:gosec // the mechanism's

func hexSum(text string) string {
	s := sum(text)
	return hex.EncodeToString(s[:])
}

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quoted escapes a text that stands between quotation marks.
func quoted(text string) string { return quotes.Replace(text) }

// offers reports whether a comma-separated list contains a word. An empty list means "auth".
func offers(list, word string) bool {
	if list == "" {
		return word == "auth"
	}
	for one := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(one) == word {
			return true
		}
	}
	return false
}

var errForm = errors.New("digest-md5: the server sent no list of directives")

// parse reads directives: name=value or name="value", separated by commas. If there are several realms, it
// returns the first.
func parse(text string) (map[string]string, error) {
	all := map[string]string{}
	for {
		text = strings.TrimLeft(text, " \t\r\n,")
		if text == "" {
			break
		}
		name, rest, ok := strings.Cut(text, "=")
		if !ok {
			return nil, errForm
		}
		value, rest, ok := cutValue(strings.TrimLeft(rest, " \t"))
		if !ok {
			return nil, errForm
		}
		if name = strings.ToLower(strings.TrimSpace(name)); all[name] == "" {
			all[name] = value
		}
		text = rest
	}
	if len(all) == 0 {
		return nil, errForm
	}
	return all, nil
}

// cutValue cuts off the first value and removes its quotation marks.
func cutValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest, true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}
