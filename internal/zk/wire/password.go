package wire

// PasswordOf returns the password that servers give to a session. Apache ZooKeeper derives it from the
// session's id and a constant in its source, so anyone who can connect can compute it
// (ZooKeeperServer.generatePasswd: java.util.Random, seeded with the id xor 0xb3415c00).
func PasswordOf(session int64) []byte {
	const (
		mixed      = 0xb3415c00
		multiplier = 0x5deece66d // of java.util.Random, as what follows
		increment  = 0xb
		mask       = 1<<48 - 1
	)
	state := (uint64(session^mixed) ^ multiplier) & mask
	password := make([]byte, PasswordSize)
	for i := range password {
		if i%4 == 0 {
			state = (state*multiplier + increment) & mask
		}
		password[i] = byte(state >> 16 >> (i % 4 * 8))
	}
	return password
}
