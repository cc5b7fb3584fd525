package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"formwork/engine/certificate"
)

// secure says how a server gets the certificate that it shows over TLS.
type secure struct {
	TLSCert       string   `name:"tls-cert" help:"Serve TLS with the certificate in a file (PEM), which is read again when it changes." placeholder:"FILE"`
	TLSKey        string   `name:"tls-key" help:"The key of that certificate." placeholder:"FILE"`
	ACMEDomain    []string `name:"acme-domain" help:"Serve TLS with certificates for these names from an ACME authority." placeholder:"NAME"`
	ACMEDirectory string   `name:"acme-directory" help:"The authority (Let's Encrypt); using it accepts its terms." placeholder:"URL"`
	ACMEEmail     string   `name:"acme-email" help:"Where the authority may write to." placeholder:"ADDRESS"`
	ACMECache     string   `name:"acme-cache" help:"Folder for the certificates of the authority (acme in the data folder)." placeholder:"DIR"`
}

// acme is the authority; data is the data folder, "" if there is none.
func (s secure) acme(data string) certificate.ACME {
	cache := s.ACMECache
	if cache == "" && data != "" {
		cache = filepath.Join(data, "acme")
	}
	return certificate.ACME{Domains: s.ACMEDomain, Directory: s.ACMEDirectory, Email: s.ACMEEmail, Cache: cache}
}

// validity is that of the certificate that the server shows; zero if there is none yet, and
// without TLS.
func (s secure) validity(ctx context.Context, data string) (certificate.Validity, error) {
	switch {
	case s.TLSCert != "":
		return certificate.FileValidity(s.TLSCert)
	case len(s.ACMEDomain) > 0:
		return s.acme(data).Validity(ctx)
	}
	return certificate.Validity{}, nil
}

// config is how the server speaks TLS; nil if it does not. data is the data folder, "" if
// there is none.
func (s secure) config(data string, now func() time.Time, log *slog.Logger) (*tls.Config, error) {
	files, acme := s.TLSCert != "" || s.TLSKey != "", len(s.ACMEDomain) > 0
	switch {
	case files && acme:
		return nil, errors.New("--tls-cert and --acme-domain exclude each other")
	case files && (s.TLSCert == "" || s.TLSKey == ""):
		return nil, errors.New("--tls-cert and --tls-key go together")
	case files:
		return certificate.Files(s.TLSCert, s.TLSKey, now, log)
	case !acme && (s.ACMEDirectory != "" || s.ACMEEmail != "" || s.ACMECache != ""):
		return nil, errors.New("--acme-domain says for which names certificates are to be got")
	case !acme:
		return nil, nil
	}
	authority := s.acme(data)
	if authority.Cache == "" {
		return nil, errors.New("--acme-cache says where certificates are kept")
	}
	return authority.Get()
}
