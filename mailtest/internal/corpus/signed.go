package corpus

// This file holds messages that are signed or encrypted (RFC 8551, RFC 3156). The signatures belong to no key.

func signed() []Message {
	sig, sigBody := content("smime.p7s", 900)
	enveloped, envelopedBody := content("smime.p7m", 700)
	const pgp = "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0WIQQc29tZWZpbmdlcnByaW50AAAAAAAKCRAAAAAAAAAAAAAA\nAP9x\n=abcd\n-----END PGP SIGNATURE-----\n"
	const pgpMessage = "-----BEGIN PGP MESSAGE-----\n\nhQEMA1234567890AQf/\n=wxyz\n-----END PGP MESSAGE-----\n"
	inner := "Content-Type: multipart/alternative; boundary=\"inner\"\n\n--inner\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGezeichnet: J=C3=BCrgen\n\n--inner\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>Gezeichnet: J=C3=BCrgen</p>\n\n--inner--\n"
	return []Message{
		byHand("signed", "smime-detached", "{head}\nSubject: signed\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256;\n boundary=\"----6F0A\"\n\nThis is an S/MIME signed message\n\n------6F0A\nContent-Type: text/plain\n\nI owe you 5.\n\n------6F0A\n"+
			"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"smime.p7s\"\n\n"+sigBody+"\n------6F0A--\n\n",
			Want{Subject: "signed", Text: "I owe you 5.\n", Tree: "multipart/signed(text/plain application/pkcs7-signature)", Attachments: []File{fileOf("smime.p7s", "application/pkcs7-signature", "", sig)}}),
		byHand("signed", "smime-alternative", "{head}\nSubject: signed\nContent-Type: multipart/signed; protocol=\"application/x-pkcs7-signature\"; micalg=sha1; boundary=\"sig\"\n\n--sig\n"+inner+"\n--sig\n"+
			"Content-Type: application/x-pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7s\nContent-Description: S/MIME Cryptographic Signature\n\n"+sigBody+"--sig--\n",
			Want{Subject: "signed", Text: "Gezeichnet: Jürgen\n", HTML: "<p>Gezeichnet: Jürgen</p>\n", Tree: "multipart/signed(multipart/alternative(text/plain text/html) application/x-pkcs7-signature)",
				Attachments: []File{fileOf("smime.p7s", "application/x-pkcs7-signature", "", sig)}}),
		byHand("signed", "smime-opaque", "{head}\nSubject: opaque\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"smime.p7m\"\n\n"+envelopedBody,
			Want{Subject: "opaque", Tree: "application/pkcs7-mime", Attachments: []File{fileOf("smime.p7m", "application/pkcs7-mime", "", enveloped)}}),
		byHand("signed", "smime-encrypted", "{head}\nSubject: secret\nContent-Type: application/x-pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"+envelopedBody,
			Want{Subject: "secret", Tree: "application/x-pkcs7-mime", Attachments: []File{fileOf("smime.p7m", "application/x-pkcs7-mime", "", enveloped)}}),
		byHand("signed", "pgp-mime", "{head}\nSubject: signed\nContent-Type: multipart/signed; micalg=pgp-sha512;\n protocol=\"application/pgp-signature\";\n boundary=\"=-=-=\"\n\n--=-=-=\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nA trailing space:=20\nand a dash.\n\n--=-=-=\n"+
			"Content-Type: application/pgp-signature; name=\"signature.asc\"\nContent-Description: OpenPGP digital signature\n\n"+pgp+"\n--=-=-=--\n",
			Want{Subject: "signed", Text: "A trailing space: \nand a dash.\n", Tree: "multipart/signed(text/plain application/pgp-signature)", Attachments: []File{fileOf("signature.asc", "application/pgp-signature", "", []byte(lines(pgp)))}}),
		byHand("signed", "pgp-mime-encrypted", "{head}\nSubject: ...\nContent-Type: multipart/encrypted;\n protocol=\"application/pgp-encrypted\"; boundary=\"enc\"\n\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n--enc\nContent-Type: application/pgp-encrypted\nContent-Description: PGP/MIME version identification\n\nVersion: 1\n\n--enc\n"+
			"Content-Type: application/octet-stream; name=\"encrypted.asc\"\nContent-Description: OpenPGP encrypted message\nContent-Disposition: inline; filename=\"encrypted.asc\"\n\n"+pgpMessage+"\n--enc--\n",
			Want{Subject: "...", Tree: "multipart/encrypted(application/pgp-encrypted application/octet-stream)",
				Attachments: []File{fileOf("", "application/pgp-encrypted", "", []byte("Version: 1\r\n"))}, Inline: []File{fileOf("encrypted.asc", "application/octet-stream", "", []byte(lines(pgpMessage)))}}),
		byHand("signed", "pgp-inline", "{head}\nSubject: inline\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- - dashes are escaped\nHello\n"+pgp,
			Want{Subject: "inline", Text: "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- - dashes are escaped\nHello\n" + pgp}),
		byHand("signed", "protected-headers", "{head}\nSubject: ...\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=p1\n\n--p1\nContent-Type: text/plain; protected-headers=\"v1\"\nSubject: the real one\nFrom: Alice Chen <alice@example.com>\n\nbody\n\n--p1\nContent-Type: application/pgp-signature\n\n"+pgp+"\n--p1--\n",
			Want{Subject: "...", Text: "body\n", Tree: "multipart/signed(text/plain application/pgp-signature)", Attachments: []File{fileOf("", "application/pgp-signature", "", []byte(lines(pgp)))}}),
		byHand("signed", "triple-wrapped", "{head}\nSubject: triple\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=outer\n\n--outer\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"+envelopedBody+"\n--outer\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n"+sigBody+"--outer--\n",
			Want{Subject: "triple", Tree: "multipart/signed(application/pkcs7-mime application/pkcs7-signature)",
				Attachments: []File{fileOf("smime.p7m", "application/pkcs7-mime", "", enveloped), fileOf("smime.p7s", "application/pkcs7-signature", "", sig)}}),
		byHand("signed", "list-broke-signature", "{head}\nSubject: [list] signed\nContent-Type: multipart/mixed; boundary=list\n\n--list\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"sig\"\n\n--sig\n"+inner+"\n--sig\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n"+sigBody+"--sig--\n\n--list\nContent-Type: text/plain; charset=us-ascii\nContent-Disposition: inline\n\n____\nlist footer\n\n--list--\n",
			Want{Subject: "[list] signed", Text: "Gezeichnet: Jürgen\n", HTML: "<p>Gezeichnet: Jürgen</p>\n", Tree: "multipart/mixed(multipart/signed(multipart/alternative(text/plain text/html) application/pkcs7-signature) text/plain)",
				Attachments: []File{fileOf("smime.p7s", "application/pkcs7-signature", "", sig)}}),
	}
}
