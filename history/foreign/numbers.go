package foreign

import (
	"bytes"
	"math/big"
	"strconv"
)

// digitsOf returns the digits of an integer, without leading zeros and with a minus sign if it is
// negative. ok is false if token is not an integer. Two integers are equal if and only if their
// digits are.
func digitsOf(token []byte) ([]byte, bool) {
	digits, negative := token, false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits, negative = digits[1:], digits[0] == '-'
	}
	if len(digits) == 0 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return nil, false
	}
	if digits = bytes.TrimLeft(digits, "0"); len(digits) == 0 {
		return []byte("0"), true
	}
	if negative {
		return append([]byte("-"), digits...), true
	}
	return digits, true
}

// mostExponent limits the exponents of numbers that are converted. Numbers with larger ones have
// more digits than real histories have.
const mostExponent = 400

// whole is like digitsOf, for a JSON number in any form: 3.0, 3e2.
func whole(token []byte) ([]byte, bool) {
	if digits, ok := digitsOf(token); ok {
		return digits, true
	}
	r, ok := rational(token)
	if !ok || !r.IsInt() {
		return nil, false
	}
	return r.Num().Append(nil, 10), true
}

// rational parses a decimal number, or a ratio of EDN: 1/2.
func rational(token []byte) (*big.Rat, bool) {
	if len(bytes.Trim(token, "0123456789+-.eE/")) > 0 {
		return nil, false
	}
	if at := bytes.IndexAny(token, "eE"); at >= 0 {
		if n, err := strconv.Atoi(string(token[at+1:])); err != nil || n > mostExponent || n < -mostExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(string(token))
}

// Loose returns the value with all numbers in one form, even numbers in strings: 475 for "475",
// 475.0 and 475.
func (v Value) Loose() Value {
	switch v.Kind {
	case Text, Word:
		if n, ok := LooseNumber(v.Text); ok {
			return n
		}
	case List, Set, Map:
		items := make([]Value, len(v.Items))
		for i, item := range v.Items {
			items[i] = item.Loose()
		}
		v.Items = items
	}
	return v
}

// LooseNumber returns the number that a string represents. ok is false if there is none.
func LooseNumber(text string) (Value, bool) {
	const mostDigits = 100 // real histories have fewer, and each digit is checked
	if len(text) == 0 || len(text) > mostDigits {
		return Value{}, false
	}
	if digits, ok := whole([]byte(text)); ok {
		if n, ok := number(digits); ok {
			return Value{Kind: Int, Int: n}, true
		}
		return Value{Kind: Word, Text: string(digits)}, true
	}
	r, ok := rational(bytes.TrimSuffix([]byte(text), []byte("M"))) // EDN's exact decimals
	if !ok {
		return Value{}, false
	}
	if r.IsInt() {
		return LooseNumber(r.Num().String())
	}
	if n, exact := r.FloatPrec(); exact {
		return Value{Kind: Word, Text: r.FloatString(n)}, true
	}
	return Value{Kind: Word, Text: r.RatString()}, true
}
