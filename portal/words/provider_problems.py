"""German of what is wrong with the settings of a provider."""

SENTENCES = {
    # ---- Apple, Firebase, browsers
    "This is no key of Apple. Paste the whole .p8 file, with its first and its last line.": "Das ist kein Schlüssel von Apple. Fügen Sie die ganze .p8-Datei ein, mit erster und letzter Zeile.",
    "This is ten capital letters and digits, as Apple's developer pages show it. Copy it from there.":
        "Das sind zehn Großbuchstaben und Ziffern, wie Apples Entwicklerseiten sie zeigen. Kopieren Sie sie dort.",
    "A bundle id is written like com.example.app. Copy it from Xcode or App Store Connect.": "Eine Bundle-ID wird wie com.example.app geschrieben. Kopieren Sie sie aus Xcode oder App Store Connect.",
    'This JSON is no service account ("type" says otherwise). In the Firebase console: Project settings, Service accounts, Generate new private key.':
        "Dieses JSON ist kein Dienstkonto („type“ sagt etwas anderes). In der Firebase-Konsole: Projekteinstellungen, Dienstkonten, Neuen privaten Schlüssel generieren.",
    '"project_id" of this service account is no name of a project. Paste the file as it was downloaded.':
        "„project_id“ dieses Dienstkontos ist kein Name eines Projekts. Fügen Sie die Datei so ein, wie sie heruntergeladen wurde.",
    '"token_uri" of this service account does not lead to Google over https. Paste the file as it was downloaded.':
        "„token_uri“ dieses Dienstkontos führt nicht über https zu Google. Fügen Sie die Datei so ein, wie sie heruntergeladen wurde.",
    "This is not the JSON file of a service account. Open the file in an editor and paste all of it, from { to }.":
        "Das ist nicht die JSON-Datei eines Dienstkontos. Öffnen Sie sie in einem Editor und fügen Sie alles ein, von { bis }.",
    '"{}" is missing in this service account. Paste the whole file as it was downloaded.':
        "In diesem Dienstkonto fehlt „{0}“. Fügen Sie die ganze Datei so ein, wie sie heruntergeladen wurde.",
    '"private_key" of this service account cannot be read. Paste the file as it was downloaded; a key is several lines long.':
        "„private_key“ dieses Dienstkontos lässt sich nicht lesen. Fügen Sie die Datei so ein, wie sie heruntergeladen wurde; ein Schlüssel hat mehrere Zeilen.",
    "Browsers show a picture only from an https address. Give one, or leave the field empty.": "Browser zeigen ein Bild nur von einer https-Adresse. Geben Sie eine an, oder lassen Sie das Feld leer.",
    "This is no VAPID private key. It is 32 bytes in base64url (43 characters), or a PEM of the curve P-256. Leave the field empty and one is made.":
        "Das ist kein privater VAPID-Schlüssel: 32 Bytes in base64url (43 Zeichen) oder ein PEM der Kurve P-256. Lassen Sie das Feld leer, dann wird einer gemacht.",
    "Push services want to know whom to turn to. Write mailto:you@your-domain.com or https://your-domain.com/contact.":
        "Push-Dienste wollen wissen, an wen sie sich wenden können. Schreiben Sie mailto:sie@ihre-domain.de oder https://ihre-domain.de/kontakt.",
    # ---- mail
    "This is no private key in PEM, or it has a password. Paste all of it, from -----BEGIN to -----END.":
        "Das ist kein privater Schlüssel in PEM, oder er hat ein Passwort. Fügen Sie alles ein, von -----BEGIN bis -----END.",
    "This RSA key has {} bits, and receivers want {} at least. Make one of 2048.": "Dieser RSA-Schlüssel hat {0} Bit, und Empfänger verlangen mindestens {1}. Machen Sie einen mit 2048.",
    "DKIM takes RSA and Ed25519 keys only. Make one of these.": "DKIM nimmt nur Schlüssel von RSA und Ed25519. Machen Sie einen davon.",
    "This must be one line without blanks around it. Copy it once more.": "Das ist eine Zeile ohne Leerzeichen davor und dahinter. Kopieren Sie es noch einmal.",
    "This is no URL of a mailbox: {}. Write it like imaps://user:password@mail.example.com/INBOX.":
        "Das ist keine URL eines Postfachs: {0}. Schreiben Sie sie wie imaps://benutzer:passwort@mail.example.com/INBOX.",
    "The password of the webhooks has at least {} characters: the address is public. Let a password program make one.":
        "Das Passwort der Webhooks hat mindestens {0} Zeichen: Die Adresse ist öffentlich. Lassen Sie ein Programm eines machen.",
    "This is no port to listen at. Write it like 2525, or 192.0.2.1:2525.": "Das ist kein Port, an dem sich hören lässt. Schreiben Sie ihn wie 2525 oder 192.0.2.1:2525.",
    "Carillon takes bounces at the addresses of a bounce domain only, and none is given. Give one, or no port.":
        "Carillon nimmt Rückläufer nur an Adressen einer Domain für Rückläufer an, und keine ist angegeben. Geben Sie eine an, oder keinen Port.",
    "This is not SendGrid's verification key. Copy it from Settings, Mail Settings, Event Webhooks: it begins with MFkw.":
        "Das ist nicht der Prüfschlüssel von SendGrid. Kopieren Sie ihn aus Settings, Mail Settings, Event Webhooks: Er beginnt mit MFkw.",
    "This is no region of Amazon's. Write it as eu-central-1.": "Das ist keine Region von Amazon. Schreiben Sie sie wie eu-central-1.",
    "This is no ARN of an SNS topic. Copy it from the topic's page: arn:aws:sns:eu-central-1:123456789012:mails.":
        "Das ist keine ARN eines SNS-Themas. Kopieren Sie sie von dessen Seite: arn:aws:sns:eu-central-1:123456789012:mails.",
    "This is no name of a server. Write it like mail.example.com, without smtp:// before it and without a port.":
        "Das ist kein Name eines Servers. Schreiben Sie ihn wie mail.example.com, ohne smtp:// davor und ohne Port.",
    "This is no domain. Write it in lower case, like bounces.example.com.": "Das ist keine Domain. Schreiben Sie sie klein, etwa bounces.example.com.",
    "This is no selector. It is the name before ._domainkey in DNS, in lower case, like s1.": "Das ist kein Selektor. Er ist der Name vor ._domainkey im DNS, klein geschrieben, etwa s1.",
    "Domain, selector and private key of DKIM go together, and not all are given. Give all three, or none.":
        "Domain, Selektor und privater Schlüssel von DKIM gehören zusammen, und nicht alle sind angegeben. Geben Sie alle drei an oder keinen.",
    # ---- all of them
    "There is no kind of provider {}. Choose one of those that are listed.": "Die Art von Anbieter {0} gibt es nicht. Wählen Sie eine aus der Liste.",
    "{} has no field {}. Its fields are {}.": "{0} hat kein Feld {1}. Die Felder sind {2}.",
    '{} is a switch: "1" or "0". Give one of them.': "{0} ist ein Schalter: „1“ oder „0“. Geben Sie eines davon an.",
    "{} is a provider of the kind {}. Check another kind under a key of its own.": "{0} ist ein Anbieter der Art {1}. Prüfen Sie eine andere Art unter einer eigenen Kennung.",
    "The order names each provider of {} once: {}. Read them again.": "Die Reihenfolge nennt jeden Anbieter von {0} einmal: {1}. Laden Sie die Seite neu.",
    # ---- addresses to try one with
    "A push address is a token of 1 to 4096 printable characters.": "Eine Push-Adresse ist ein Token aus 1 bis 4096 druckbaren Zeichen.",
    "This address says {}, and platform says {}. Give the token alone, as the device got it.": "Diese Adresse nennt {0}, die Plattform ist {1}. Geben Sie nur den Token an, wie das Gerät ihn bekam.",
    "A Firebase installation id has 22 letters, digits, - and _. Give what FirebaseInstallations.getId() says.":
        "Eine Installations-ID von Firebase hat 22 Buchstaben, Ziffern, - und _. Nehmen Sie, was FirebaseInstallations.getId() sagt.",
    "A device token of Apple is 64 to 200 hexadecimal digits. Write the bytes that didRegisterForRemoteNotifications gives so, without blanks.":
        "Ein Geräte-Token von Apple hat 64 bis 200 hexadezimale Ziffern. Schreiben Sie die Bytes, die didRegisterForRemoteNotifications gibt, so und ohne Leerzeichen.",
    "The picture could not be read within its limits. It may be broken, or larger than it says. Save it anew and try again.":
        "Das Bild ließ sich in seinen Grenzen nicht lesen. Vielleicht ist es beschädigt oder größer, als es angibt. Speichern Sie es neu und versuchen Sie es noch einmal.",
}  # fmt: skip
