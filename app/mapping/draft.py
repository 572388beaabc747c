"""In charge of a first mapping.yaml: what a shop requires and has, as a file that people go on with."""

from collections.abc import Iterator

from app.magento import catalog, shop

HEAD = """\
# yaml-language-server: $schema=./mapping.schema.json
# Which SCIM attribute of a user is which attribute of a customer of this shop. Lines that begin with # are suggestions:
# take the # away where your identity provider has the value. `magento-scim check` says whether the file can be used,
# `magento-scim try user.json` what a user would come to. The language: docs/mapping.md. An editor that knows YAML
# completes this shop's words after `magento-scim schema > mapping.schema.json`.
version: 1

prefixes:                      # short names for long URNs
  ent: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User
  shop: urn:magento-scim:params:scim:schemas:magento:2.0:Customer   # made of the rules below that use it

match:                         # which existing customer is this?
  by: [externalId, userName, 'emails[type eq "work"].value']
  existing: adopt              # adopt | reject | review

customer:
"""
# The shop's code -> where the value usually stands in SCIM.
USUAL = {
    "email": "{from: ['emails[type eq \"work\"].value', 'emails[primary eq true].value', emails.value, userName], "
    "transform: [lower]}",
    "firstname": "{from: name.givenName, default: '{displayName | first_word}'}",
    "lastname": "{from: name.familyName, default: '{displayName | last_word}'}",
    "middlename": "name.middleName",
    "prefix": "name.honorificPrefix",
    "suffix": "name.honorificSuffix",
}
PLAUSIBLE = {
    "employee_number": "ent:employeeNumber",
    "employee_id": "ent:employeeNumber",
    "staff_number": "ent:employeeNumber",
    "department": "ent:department",
    "division": "ent:division",
    "cost_center": "ent:costCenter",
    "costcenter": "ent:costCenter",
    "company": "ent:organization",
    "organization": "ent:organization",
    "manager": "ent:manager.displayName",
    "job_title": "title",
    "title": "title",
    "position": "title",
    "nickname": "nickName",
    "display_name": "displayName",
    "website": "profileUrl",
    "language": "preferredLanguage",
    "locale": "locale",
    "timezone": "timezone",
    "user_type": "userType",
    "phone": "'phoneNumbers[type eq \"work\"].value'",
    "phone_number": "'phoneNumbers[type eq \"work\"].value'",
    "telephone": "'phoneNumbers[type eq \"work\"].value'",
    "mobile": "'phoneNumbers[type eq \"mobile\"].value'",
    "mobile_number": "'phoneNumbers[type eq \"mobile\"].value'",
}
# The same for addresses, below the user's value; a telephone is no part of it.
OF_ADDRESS = {
    "firstname": "{from: /name.givenName, default: '{/displayName | first_word}'}",
    "lastname": "{from: /name.familyName, default: '{/displayName | last_word}'}",
    "company": "/ent:organization",
    "street": "streetAddress",
    "city": "locality",
    "region": "{from: region, on_invalid: drop}",
    "postcode": "postalCode",
    "country_id": "country",
    "telephone": "{from: ['/phoneNumbers[type eq \"work\"].value', /phoneNumbers.value], default: '-', "
    "on_invalid: default}",
}
ADDRESSES = """
# Postal addresses of the user that are addresses of the customer:
#addresses:
#  - name: work
#    root: 'addresses[type eq "work"]'   # the paths below start here, those with "/" at the user
#    default: [billing, shipping]        # where the customer has no such default address yet
#    on_invalid: drop                    # what the shop would not take waits until it is whole; reject answers 400
#    fields:
"""
MANY = 8  # labels in one comment


def write(magento: shop.Shop) -> str:
    """Give the text of a mapping for a shop, which its reader takes."""
    known = {code: each for code, each in magento.catalog.customer.items() if _may_be_mapped(each)}
    website = magento.stores.default_website_id()
    needed = {code: each for code, each in known.items() if code in USUAL or each.required_on(website)}
    more = {code: each for code, each in known.items() if code not in needed}
    lines = [f"  {code}: {_source(code)}{_comment(magento, each)}" for code, each in _ordered(needed)]
    lines += ["", "# This shop has besides:"]
    lines += [f"#  {code}: {_source(code)}{_comment(magento, each)}" for code, each in more.items()]
    body = "\n".join(lines) + "\n" + _addresses(magento) + _groups(magento)
    return HEAD + body + "\npassword: accept               # accept | ignore\n"


def _addresses(magento: shop.Shop) -> str:
    website = magento.stores.default_website_id()
    known = {code: each for code, each in magento.catalog.address.items() if each.read_only_reason is None}
    needed = (code for code, each in known.items() if code not in OF_ADDRESS and each.required_on(website))
    sources = {code: source for code, source in OF_ADDRESS.items() if code in known}
    sources |= {code: f"/shop:{_camel(code)}" for code in needed}
    fields = (f"#      {code}: {source}{_comment(magento, known[code])}\n" for code, source in sources.items())
    return ADDRESSES + "".join(fields)


def _may_be_mapped(attribute: catalog.Attribute) -> bool:
    ours = attribute.code in catalog.FILLED | {"confirmation"}
    return attribute.read_only_reason is None and attribute.readable and not ours


def _ordered(needed: dict[str, catalog.Attribute]) -> Iterator[tuple[str, catalog.Attribute]]:
    """The usual ones first, in the order in which people read them."""
    first = [code for code in USUAL if code in needed]
    yield from ((code, needed[code]) for code in (*first, *(code for code in needed if code not in first)))


def _source(code: str) -> str:
    return USUAL.get(code) or PLAUSIBLE.get(code.casefold()) or f"shop:{_camel(code)}"


def _camel(code: str) -> str:
    first, *rest = [part for part in code.split("_") if part] or [code]
    return first + "".join(part.title() for part in rest)


def _comment(magento: shop.Shop, attribute: catalog.Attribute) -> str:
    """Say what the shop knows of an attribute: label, type, length, whether it is required, the options' labels."""
    said = [attribute.label, attribute.type]
    if attribute.has_options and (labels := [label for label in magento.options_of(attribute).values() if label]):
        said[1] = "one of " + ", ".join(labels[:MANY]) + (", …" if len(labels) > MANY else "")
    elif attribute.max_length and attribute.type == "string":
        said[1] += f" of at most {attribute.max_length} characters"
    said += ["required"] if attribute.required_on(magento.stores.default_website_id()) else []
    said += ["unique"] if attribute.unique else []
    said += [] if attribute.visible else ["not in the shop's forms"]
    return f"   # {'; '.join(' '.join(each.split()) for each in said if each)}"


def _groups(magento: shop.Shop) -> str:
    codes = [code for group_id, code in magento.groups.items() if group_id]
    listed = ", ".join(f"'{code}'" for code in codes).replace("\n", " ")
    quoted = codes[-1].replace("'", "''") if codes else "General"
    return f"""
# For identity providers that push no groups; this shop has {listed}:
#groups:
#  rules:
#    - {{when: 'userType eq "Employee"', magento: '{quoted}'}}
#  otherwise: default
"""
