"""Templates of one channel, compiled and rendered with the samples' context."""

from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.render import compile_version, render
from backend.domain.template import Content, EmailContent, SmsContent, TemplateVersion


def compiled(content):
    return compile_version(TemplateVersion("order", 1, content))


def context(data=None, **user):
    return {**SAMPLE_CONTEXT, "user": {**SAMPLE_CONTEXT["user"], **user}, "data": data or {}}


def sms(source, data=None, locale="", **user):
    return render(compiled(Content(sms=SmsContent(source))), "sms", context(data, **user), locale).text


def mail(html, data=None, subject="s"):
    return render(compiled(Content(email=EmailContent(subject, html, "", "t"))), "email", context(data))
