package mailauth

// This file reads SPF records (RFC 7208 §4.6, §12).

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// spfRecord is a record that is free of syntax errors.
type spfRecord struct {
	directives []directive
	redirect   string // domain-spec, or ""
	exp        string // domain-spec, or ""
}

// directive is one mechanism with its qualifier.
type directive struct {
	text      string // as written
	result    Result
	mechanism string       // in lower case
	domain    string       // domain-spec, or ""
	network   netip.Prefix // of ip4 and ip6
	cidr4     int          // of a and mx
	cidr6     int
}

// isSPF reports whether a TXT record is an SPF record (RFC 7208 §4.5).
func isSPF(txt string) bool {
	version, _, _ := strings.Cut(txt, " ")
	return lower(version) == "v=spf1"
}

// parseSPF reads a record. An error anywhere in it spoils all of it (RFC 7208 §4.6).
func parseSPF(txt string) (*spfRecord, error) {
	r := &spfRecord{}
	seen := make(map[string]bool)
	for i, term := range strings.Split(txt, " ") {
		if i == 0 || term == "" {
			continue
		}
		if name, value, ok := cutModifier(term); ok {
			if name != "redirect" && name != "exp" {
				if err := checkMacros(value, false); err != nil {
					return nil, fmt.Errorf("%q: %w", clip(term), err)
				}
				continue
			}
			if seen[name] {
				return nil, fmt.Errorf("%s= comes twice", name)
			}
			seen[name] = true
			if err := checkDomainSpec(value); err != nil {
				return nil, fmt.Errorf("%q: %w", clip(term), err)
			}
			if name == "exp" {
				r.exp = value
			} else {
				r.redirect = value
			}
			continue
		}
		d, err := parseDirective(term)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", clip(term), err)
		}
		r.directives = append(r.directives, d)
	}
	return r, nil
}

// cutModifier splits "name=value".
func cutModifier(term string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(term, "=")
	if !ok || name == "" || !isAlpha(name[0]) {
		return "", "", false
	}
	for _, c := range []byte(name) {
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return "", "", false
		}
	}
	return lower(name), value, true
}

// parseDirective reads a mechanism with its qualifier (RFC 7208 §4.6.2, §5).
func parseDirective(term string) (directive, error) {
	d := directive{text: term, result: Pass, cidr4: 32, cidr6: 128}
	switch term[0] {
	case '+':
		term = term[1:]
	case '-':
		d.result, term = Fail, term[1:]
	case '~':
		d.result, term = SoftFail, term[1:]
	case '?':
		d.result, term = Neutral, term[1:]
	}
	end := strings.IndexAny(term, ":/")
	if end < 0 {
		end = len(term)
	}
	rest := term[end:]
	argument, hasArgument := strings.CutPrefix(rest, ":")
	var err error
	switch d.mechanism = lower(term[:end]); d.mechanism {
	case "all":
		if rest != "" {
			err = errors.New("all takes no argument")
		}
	case "include", "exists":
		if !hasArgument {
			return d, errors.New("it needs a domain")
		}
		d.domain, err = argument, checkDomainSpec(argument)
	case "ptr":
		if rest == "" {
			break
		}
		if !hasArgument {
			return d, errors.New("it takes no network length")
		}
		d.domain, err = argument, checkDomainSpec(argument)
	case "a", "mx":
		if rest, err = d.cutLengths(rest); err != nil || rest == "" {
			break
		}
		if argument, hasArgument = strings.CutPrefix(rest, ":"); !hasArgument {
			return d, errors.New("malformed network length")
		}
		d.domain, err = argument, checkDomainSpec(argument)
	case "ip4", "ip6":
		if !hasArgument {
			return d, errors.New("it needs a network")
		}
		d.network, err = parseNetwork(argument, d.mechanism == "ip6")
	default:
		err = errors.New("there is no such mechanism")
	}
	return d, err
}

// cutLengths takes the network lengths from the end of "…/24//64". A text that is not a number belongs to the
// domain.
func (d *directive) cutLengths(s string) (rest string, err error) {
	for _, l := range []struct {
		mark   string
		length *int
	}{{"//", &d.cidr6}, {"/", &d.cidr4}} {
		i := strings.LastIndex(s, l.mark)
		if i < 0 || strings.Trim(s[i+len(l.mark):], "0123456789") != "" {
			continue
		}
		if *l.length, err = parseLength(s[i+len(l.mark):], *l.length); err != nil {
			return "", err
		}
		s = s[:i]
	}
	return s, nil
}

// parseLength reads the length of a network: a number without leading zeros.
func parseLength(s string, most int) (int, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || int(n) > most || len(s) > 1 && s[0] == '0' {
		return 0, fmt.Errorf("%q is no network length from 0 to %d", clip(s), most)
	}
	return int(n), nil
}

// parseNetwork reads an address with an optional length.
func parseNetwork(s string, v6 bool) (netip.Prefix, error) {
	text, length, hasLength := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Is6() != v6 || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no address of that kind", clip(text))
	}
	bits := addr.BitLen()
	if hasLength {
		if bits, err = parseLength(length, bits); err != nil {
			return netip.Prefix{}, err
		}
	}
	return addr.Prefix(bits)
}

// checkDomainSpec returns an error if a domain-spec is malformed. It must end with a macro, or with a dot and a
// label that is not all digits (RFC 7208 §7.1).
func checkDomainSpec(s string) error {
	if err := checkMacros(s, false); err != nil {
		return err
	}
	if strings.HasSuffix(s, "}") || strings.HasSuffix(s, "%%") || strings.HasSuffix(s, "%_") || strings.HasSuffix(s, "%-") {
		return nil
	}
	name := strings.TrimSuffix(s, ".")
	dot := strings.LastIndexByte(name, '.')
	top := name[dot+1:]
	letter := false
	for i, c := range []byte(top) {
		switch {
		case isAlpha(c) || c == '-' && i > 0 && i < len(top)-1:
			letter = true
		case !isDigit(c):
			return fmt.Errorf("%q can't be the last label of a domain name", clip(top))
		}
	}
	switch {
	case dot < 0:
		return errors.New("the domain has no dot")
	case !letter:
		return fmt.Errorf("%q can't be the last label of a domain name", clip(top))
	}
	return nil
}
