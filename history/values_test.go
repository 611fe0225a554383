package history

// Values of operations, as package models declares them.
type (
	grant struct {
		Token ID `json:"token,omitempty"`
	}
	held struct {
		Held  bool `json:"held"`
		Token ID   `json:"token,omitempty"`
	}
	item struct {
		Item string `json:"item"`
	}
)
