package ensemble

// Access names the credentials and the TLS files with which zklab connects to an ensemble that it did
// not start. It contains names of files and of environment variables, and no secret, so a stored run
// may contain it.
type Access struct {
	// Auth are credentials: @FILE is a file with one on each line, such as digest:user:password or
	// sasl:user:password; env:VARIABLE is an environment variable with the same content.
	Auth []string `json:"auth,omitempty" yaml:"auth,omitempty"`
	// TLSCA is a file with the authorities that signed the servers' certificates, in PEM. If it is set,
	// connections use TLS.
	TLSCA string `json:"tls_ca,omitempty" yaml:"tls-ca,omitempty"`
	// TLSCert and TLSKey are files with a client certificate and its key, for servers that require one.
	TLSCert string `json:"tls_cert,omitempty" yaml:"tls-cert,omitempty"`
	TLSKey  string `json:"tls_key,omitempty" yaml:"tls-key,omitempty"`
}

// Given reports whether an Access names anything.
func (a Access) Given() bool {
	return len(a.Auth) > 0 || a.TLSCA != "" || a.TLSCert != "" || a.TLSKey != ""
}
