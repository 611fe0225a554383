package history

import (
	"encoding/base64"
	"math"
	"slices"
	"time"
)

// txn returns the transaction of a line that has exactly the form in which [TxnWriter] writes. ok
// is false if the line must be read the slow way; so must transactions about sessions and lists of
// permissions, of which a log has few.
func (q *quick) txn(line []byte) (t Txn, ok bool) {
	q.line, q.at = line, 0
	return t, q.transaction(&t) && q.at == len(line)
}

func (q *quick) transaction(t *Txn) bool {
	return q.skip(`{`) &&
		(!q.skip(`"zxid":"0x`) || q.id(&t.Zxid) && q.skip(`,`)) &&
		(!q.skip(`"wall":"`) || q.wall(&t.Wall) && q.skip(`,`)) &&
		(!q.skip(`"session":"0x`) || q.id(&t.Session) && q.skip(`,`)) &&
		(!q.skip(`"cxid":`) || q.small(&t.Cxid) && q.skip(`,`)) &&
		q.skip(`"type":"`) && q.text(&t.Type, q.names) &&
		(!q.skip(`,"path":"`) || q.text(&t.Path, q.names)) &&
		(!q.skip(`,"data":"`) || q.data(&t.Data)) &&
		(!q.skip(`,"version":`) || q.small(&t.Version)) &&
		(!q.skip(`,"owner":"0x`) || q.id(&t.Owner)) &&
		(!q.skip(`,"parent_cversion":`) || q.small(&t.ParentCversion)) &&
		(!q.skip(`,"parts":[`) || q.parts(&t.Parts)) &&
		(!q.skip(`,"error":`) || q.small(&t.Error)) &&
		q.skip(`}`)
}

// small consumes a number of 32 bits.
func (q *quick) small(n *int32) bool {
	var wide int64
	ok := q.number(&wide) && math.MinInt32 <= wide && wide <= math.MaxInt32
	*n = int32(wide)
	return ok
}

func (q *quick) wall(t *time.Time) bool {
	text, ok := q.raw()
	return ok && t.UnmarshalText(text) == nil
}

func (q *quick) data(to *[]byte) bool {
	text, ok := q.raw()
	if !ok {
		return false
	}
	room := q.reserve(base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(room, text)
	*to = room[:n:n]
	return err == nil
}

// parts consumes the rest of a list of transactions.
func (q *quick) parts(all *[]Txn) bool {
	from := len(q.under)
	defer func() { q.under = q.under[:from] }()
	for ok := true; ok; ok = q.skip(`,`) {
		var t Txn
		if !q.transaction(&t) {
			return false
		}
		q.under = append(q.under, t)
	}
	*all = slices.Clone(q.under[from:])
	return q.skip(`]`)
}
