package history

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// appendTxn appends a transaction as encoding/json writes it without escapes for HTML, several times
// faster. Only a time outside of the years 0 to 9999 is an error.
func appendTxn(b []byte, t *Txn) (_ []byte, err error) {
	start := len(b)
	b = appendID(b, `,"zxid":"0x`, t.Zxid)
	if !t.Wall.IsZero() {
		if b, err = t.Wall.AppendText(append(b, `,"wall":"`...)); err != nil {
			return nil, err
		}
		b = append(b, '"')
	}
	b = appendID(b, `,"session":"0x`, t.Session)
	b = appendNumber(b, `,"cxid":`, int64(t.Cxid))
	b = appendRaw(append(b, `,"type":`...), t.Type)
	b[start] = '{' // replaces the comma before the first field
	if t.Path != "" {
		b = appendRaw(append(b, `,"path":`...), t.Path)
	}
	if len(t.Data) > 0 {
		b = append(base64.StdEncoding.AppendEncode(append(b, `,"data":"`...), t.Data), '"')
	}
	b = appendNumber(b, `,"version":`, int64(t.Version))
	b = appendList(b, `,"acl":[`, t.ACL, appendACL)
	b = appendID(b, `,"owner":"0x`, t.Owner)
	b = appendNumber(b, `,"ttl":`, int64(t.TTL))
	b = appendNumber(b, `,"parent_cversion":`, int64(t.ParentCversion))
	b = appendNumber(b, `,"timeout":`, int64(t.Timeout))
	b = appendList(b, `,"paths":[`, t.Paths, func(b []byte, path *string) []byte { return appendRaw(b, *path) })
	b = appendList(b, `,"parts":[`, t.Parts, func(b []byte, part *Txn) []byte {
		with, failed := appendTxn(b, part)
		if failed != nil {
			err = failed
			return b
		}
		return with
	})
	return append(appendNumber(b, `,"error":`, int64(t.Error)), '}'), err
}

func appendACL(b []byte, a *TxnACL) []byte {
	b = strconv.AppendInt(append(b, `{"perms":`...), int64(a.Perms), 10)
	b = appendRaw(append(b, `,"scheme":`...), a.Scheme)
	return append(appendRaw(append(b, `,"id":`...), a.ID), '}')
}

// appendNumber appends a field unless it is 0.
func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

// appendList appends a field unless the list is empty. The name must end with the
// opening bracket.
func appendList[T any](b []byte, name string, list []T, each func([]byte, *T) []byte) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, &list[i])
	}
	return append(b, ']')
}

// appendRaw appends a JSON string in which <, > and & are not escaped.
func appendRaw(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			var quoted bytes.Buffer
			e := json.NewEncoder(&quoted)
			e.SetEscapeHTML(false)
			_ = e.Encode(s) // a string cannot fail
			return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
