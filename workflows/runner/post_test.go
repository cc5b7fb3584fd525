package runner_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"formwork/engine/pdf/pdftest"
)

// postSaid is how a server for mail takes a message.
type postSaid struct {
	Status int  `json:"status"` // that it refuses with; 0: it takes it
	Hangs  bool `json:"hangs"`  // it does not answer
}

// post is a server for mail: a real SMTP server on the loopback.
type post struct {
	Says   []postSaid `json:"says"`   // of one message after the other, the last for ever; all are taken when absent
	Secret string     `json:"secret"` // with which sales@example.com logs in, over TLS alone; "": nobody does
	Bare   bool       `json:"bare"`   // it has no TLS, though it asks for who logs in

	address string
	roots   *x509.CertPool
	ended   chan struct{}
	release func() // lets go of who hangs, whose messages are taken

	mu    sync.Mutex
	taken []string
	ids   map[string]bool
	about map[string]string // ids of messages, by their subjects
	links map[string]string // the last links to decide or answer by, or to unsubscribe, by whom they were sent to
}

// open has it serve until the test ends.
func (p *post) open(t *testing.T) {
	t.Helper()
	p.ids, p.about, p.links, p.ended = map[string]bool{}, map[string]string{}, map[string]string{}, make(chan struct{})
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &posting{post: p, known: p.Secret == ""}, nil }))
	s.Domain, s.AllowInsecureAuth, s.ErrorLog = "mail.test", p.Bare, quiet{}
	if p.Secret != "" && !p.Bare {
		lender := httptest.NewTLSServer(nil) // for its certificate
		lender.Close()
		s.TLSConfig = &tls.Config{Certificates: lender.TLS.Certificates}
		p.roots = x509.NewCertPool()
		p.roots.AddCert(lender.Certificate())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = "smtp://" + l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	p.release = sync.OnceFunc(func() { close(p.ended) })
	t.Cleanup(func() { p.release(); s.Close(); serving.Wait() })
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// posting is a session of a server for mail.
type posting struct {
	*post
	known bool
	to    []string
}

func (s *posting) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *posting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, secret string) error {
		if s.known = user == "sales@example.com" && secret == s.Secret; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *posting) Reset()        { s.to = nil }
func (s *posting) Logout() error { return nil }

func (s *posting) Mail(string, *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *posting) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *posting) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	says := postSaid{}
	if len(s.Says) > 0 {
		says = s.Says[0]
		if len(s.Says) > 1 {
			s.Says = s.Says[1:]
		}
	}
	line, err := s.line(string(raw))
	s.taken = append(s.taken, line)
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case says.Hangs:
		<-s.ended
	case says.Status != 0:
		return &smtp.SMTPError{Code: says.Status, EnhancedCode: smtp.EnhancedCodeNotSet, Message: "no"}
	}
	return nil
}

// line is a message as scenarios write it: "from > to (cc): subject | text | html"; with "can be left" if who gets it can unsubscribe, and "again" if it came
// before.
func (s *posting) line(raw string) (string, error) {
	m, err := mail.CreateReader(strings.NewReader(raw))
	if err != nil {
		return "", err
	}
	h := m.Header
	from, err := h.AddressList("From")
	if err != nil {
		return "", err
	}
	to, err := h.AddressList("To")
	if err != nil {
		return "", err
	}
	cc, _ := h.AddressList("Cc")
	for _, a := range slices.Concat(to, cc) {
		if !slices.Contains(s.to, a.Address) {
			return "", errors.New("it is addressed to somebody to whom it is not sent")
		}
	}
	subject, err := h.Subject()
	if err != nil {
		return "", err
	}
	line := people(from) + " > " + people(to)
	if len(cc) > 0 {
		line += " (" + people(cc) + ")"
	}
	line += ": " + subject
	for {
		part, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return "", err
		}
		if attached, ok := part.Header.(*mail.AttachmentHeader); ok {
			name, _ := attached.Filename()
			pages, err := pdftest.Pages(body)
			if err != nil {
				return "", err
			}
			line += " | " + name + ": " + strings.Join(pages, "")
			continue
		}
		line += " | " + strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if link := linked.FindString(line); link != "" {
		s.links[s.to[0]] = link
		line = linked.ReplaceAllString(line, "$$link")
	}
	if leave := h.Get("List-Unsubscribe"); leave != "" {
		if leave != "<"+s.links[s.to[0]]+">" || h.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
			return "", fmt.Errorf("it is left by %q, and not in one click by its link", leave)
		}
		line += " ; can be left"
	}
	id, err := h.MessageID()
	if err != nil || id == "" {
		return "", errors.New("it has no id")
	}
	if refers, err := h.MsgIDList("In-Reply-To"); err != nil {
		return "", err
	} else if len(refers) > 0 {
		line += " ; answers"
		if !s.ids[refers[0]] {
			line += " what is not known"
		}
	}
	if s.ids[id] {
		line += " ; again"
	}
	s.ids[id], s.about[subject] = true, id
	return line, nil
}

// linked is a link to decide or answer by, or to unsubscribe.
var linked = regexp.MustCompile(`https://crm\.example\.com/((?:decide|ask)#main\.[A-Za-z0-9_-]{54}|unsubscribe/main\?token=[A-Za-z0-9_-]{54,})`)

// linkOf is the last link that somebody was sent; "": none.
func (p *post) linkOf(address string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.links[address]
}

func people(all []*mail.Address) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.Address
		if a.Name != "" {
			name, err := new(mime.WordDecoder).DecodeHeader(a.Name)
			if err != nil {
				name = a.Name
			}
			texts[i] = name + " <" + a.Address + ">"
		}
	}
	return strings.Join(texts, ", ")
}

// asked reports whether it was given a message since took was last called.
func (p *post) asked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken) > 0
}

// took are the messages since it was last called.
func (p *post) took() []string {
	if p == nil {
		return []string{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := append([]string{}, p.taken...)
	p.taken = nil
	return taken
}

// withIDs has the ids of messages put into a text, for "$id:subject".
func (p *post) withIDs(text string) string {
	if p == nil {
		return text
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for subject, id := range p.about {
		text = strings.ReplaceAll(text, "$id:"+subject, id)
	}
	return text
}
