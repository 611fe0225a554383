package history

// Values of operations, as package models declares them.
type item struct {
	Item string `json:"item"`
}
