"""What django-anymail makes of events, in a process of its own (Django is set up once and for all). Run as a program.

Reads {"sendgrid": [payload, ...], ...} as JSON on stdin; writes [[event_type, reject_reason], ...] per provider on stdout.
"""

import json
import sys
import warnings

import django
from django.conf import settings


def main() -> None:
    """See the module."""
    warnings.simplefilter("ignore")  # that its SendGrid view is no longer supported officially
    settings.configure(ANYMAIL={"MAILGUN_WEBHOOK_SIGNING_KEY": "k"}, INSTALLED_APPS=["anymail"], USE_TZ=True)
    django.setup()
    from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView
    from anymail.webhooks.postmark import PostmarkTrackingWebhookView
    from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

    ses = AmazonSESTrackingWebhookView.__new__(AmazonSESTrackingWebhookView)  # its __init__ asks for boto3, which reading events does not need
    readers = {
        "sendgrid": SendGridTrackingWebhookView().esp_to_anymail_event, "mailgun": MailgunTrackingWebhookView().esp_to_anymail_event,
        "postmark": PostmarkTrackingWebhookView().esp_to_anymail_event, "ses": lambda event: ses.esp_to_anymail_events(event, {})[0],
    }  # fmt: skip
    asked, told = json.load(sys.stdin), {}
    for name, events in asked.items():
        told[name] = []
        for event in events:
            try:
                heard = readers[name](event)
                told[name].append([heard.event_type, heard.reject_reason])
            except Exception as error:
                told[name].append(["refused", f"{type(error).__name__}: {error}"])
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
