package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says from whom certificates are got, and for which names.
type ACME struct {
	// Domains are the names, each exactly; nobody can have the program ask for others.
	Domains []string
	// Directory is the address of the authority; "": Let's Encrypt. Using it accepts its terms.
	Directory string
	// Email is where the authority may write to; "" for none.
	Email string
	// Cache is a folder for the account's key and the certificates; it is made if it is not
	// there. Who may read it may speak for the names.
	Cache string
	// Client calls the authority; nil: http.DefaultClient.
	Client *http.Client
}

// Get serves certificates that are got from an authority when a name is first asked for, and
// renewed before they end. The authority proves the names over the same port, which it
// has to reach as 443 (TLS-ALPN-01).
func (a ACME) Get() (*tls.Config, error) {
	if len(a.Domains) == 0 || a.Cache == "" {
		return nil, errors.New("ACME needs a domain and a folder to keep certificates in")
	}
	if err := os.MkdirAll(a.Cache, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for certificates: %w", err)
	}
	manager := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(a.Cache),
		HostPolicy: autocert.HostWhitelist(a.Domains...),
		Email:      a.Email,
		Client:     &acme.Client{DirectoryURL: a.Directory, HTTPClient: a.Client, UserAgent: "formwork"},
	}
	if a.Directory == "" {
		manager.Client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	return secure(manager.GetCertificate, "http/1.1", acme.ALPNProto), nil
}
